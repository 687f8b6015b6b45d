"""Every test is of one kind, and a unit test cannot do what its kind forbids."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Callable

import pytest

from tests import patient
from tests.kinds import kinds


def listen() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))


def connect() -> None:
    with socket.socket() as client:
        client.connect(("127.0.0.1", 9))


def start() -> None:
    patient.run([sys.executable, "--version"], check=True)


def test_every_test_has_exactly_one_kind(request: pytest.FixtureRequest) -> None:
    several = [item.nodeid for item in request.session.items if len(kinds(item)) != 1]
    assert several == []


@pytest.mark.parametrize("forbidden", [listen, connect, start])
def test_a_unit_test_that_is_none_fails(forbidden: Callable[[], None]) -> None:
    with pytest.raises(pytest.fail.Exception, match="not marked `socket`"):
        forbidden()


async def test_nor_may_its_threads() -> None:
    with pytest.raises(pytest.fail.Exception):
        await asyncio.to_thread(listen)


@pytest.mark.socket
def test_others_may() -> None:
    listen()
    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
