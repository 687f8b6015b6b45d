"""A worker gives memory back when nothing is asked of it, and not between two calls."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import psutil
import pytest

from adapters.execution.backends import inline, memory
from adapters.execution.backends.child import Child
from adapters.execution.backends.wire import WorkerSpec
from adapters.execution.values import params_fields, voice_fields
from engines.registry import Registry
from engines.tts.espeak import EspeakEngine
from stts.engine_api import SpeechParams


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


def test_what_a_load_in_the_server_leaves_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(inline, "give_back", lambda: done.append("given back"))
    engine = Registry().create("silero")
    monkeypatch.setattr(engine, "load", lambda progress: done.append("loaded"))
    backend = inline.InlineBackend(engine, 1)
    for _ in range(2):
        backend.load(lambda step, part: None)
    assert done == ["given back", "loaded", "given back"]


@pytest.mark.socket
@pytest.mark.parametrize(("set_by_operator", "arenas"), [(None, "1"), ("4", "4")])
def test_a_child_keeps_one_heap_unless_the_operator_says_otherwise(
    set_by_operator: str | None, arenas: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    if set_by_operator is not None:
        monkeypatch.setenv("MALLOC_ARENA_MAX", set_by_operator)
    child = Child("silero", WorkerSpec(Path(sys.executable), Registry().target("silero"), {}))
    try:
        # It answers, so its interpreter has begun.
        assert list(child.call("installed", [()]))
        assert psutil.Process(child.pid).environ()["MALLOC_ARENA_MAX"] == arenas
    finally:
        child.close()


@pytest.mark.socket
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the allocator of glibc")
def test_a_child_keeps_what_a_call_took_for_the_next_one() -> None:
    registry = Registry()
    voice = EspeakEngine().find_voice("en-us")
    assert voice is not None
    said = ("All of this is spoken again. " * 3, voice_fields(voice), params_fields(SpeechParams()))
    child = Child("espeak", WorkerSpec(Path(sys.executable), registry.target("espeak"), {}))

    def speak(times: int) -> int:
        before = faults(child.pid)
        for _ in range(times):
            assert list(child.call("synthesize", [said]))
        return faults(child.pid) - before

    try:
        list(child.call("load", [()]))
        speak(5)
        assert speak(20) < 20 * 20
    finally:
        child.close()


def faults(pid: int) -> int:
    """Pages that a process was given by the system so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[7])
