"""A worker gives memory back when nothing is asked of it, and not between two calls."""

from __future__ import annotations

import socket

import pytest

from adapters.execution.backends import memory


@pytest.fixture
def given_back(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    given: list[str] = []
    monkeypatch.setattr(memory, "give_back", lambda: given.append("back"))
    return given


def test_when_idle(given_back: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "IDLE_SECONDS", 0.001)
    near, far = socket.socketpair()
    with near, far:
        memory.give_back_when_idle(near)
    assert given_back == ["back"]


@pytest.mark.parametrize("closed", [False, True])
def test_not_when_a_call_or_the_end_has_come(given_back: list[str], closed: bool) -> None:
    near, far = socket.socketpair()
    with near, far:
        if closed:
            far.close()
        else:
            far.send(b"call")
        memory.give_back_when_idle(near)
    assert given_back == []


def test_giving_back_costs_nobody_anything() -> None:
    memory.give_back()
