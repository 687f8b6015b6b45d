"""Underruns: counted once for each time that a listener who has played everything waits longer than before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from adapters.speech.answer import Speech
from stts.context import Priority, RequestContext
from stts.scheduling.playback import Playback
from stts.speech import AudioChunk
from stts.streams.channel import Channel

RENDERER: Any = SimpleNamespace(sent=lambda chunk: chunk.seconds)
NOTHING: Any = None


class Listener:
    """A speech whose audio comes at times of the test's choice."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, priority: Priority = Priority.STREAM) -> None:
        self.now = 0.0
        monkeypatch.setattr("adapters.speech.answer.time.monotonic", lambda: self.now)
        context = RequestContext("tts", priority=priority)
        self.speech = Speech(NOTHING, NOTHING, RENDERER, NOTHING, Playback(0.0, priority), context)
        self.ready: Channel[AudioChunk] = Channel(1000)

    async def gets(self, seconds: float, at: float, *, reads: bool = True) -> int:
        """So much audio is made; underruns so far."""
        self.now = at
        self.speech.put(AudioChunk(b"x", seconds), self.ready)
        if reads:
            await anext(aiter(self.ready))
        return self.speech.underruns


async def test_audio_in_time_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener(monkeypatch)
    assert [await listener.gets(1.0, at) for at in (5.0, 5.9, 6.9, 8.01)] == [0, 0, 0, 0]


async def test_each_longer_wait_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener(monkeypatch)
    assert await listener.gets(1.0, at=0.0) == 0
    assert await listener.gets(0.1, at=2.0) == 1
    # In the same second comes what was late with it; the listener has it in hand.
    assert await listener.gets(1.0, at=2.0) == 1
    assert await listener.gets(1.0, at=3.0) == 1
    assert await listener.gets(1.0, at=6.0) == 2


async def test_a_client_that_reads_slowly_has_audio(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener(monkeypatch)
    await listener.gets(1.0, at=0.0, reads=False)
    assert await listener.gets(1.0, at=60.0) == 0


@pytest.mark.parametrize("priority", [Priority.COLLECTED, Priority.BATCH])
async def test_nobody_listens_yet(monkeypatch: pytest.MonkeyPatch, priority: Priority) -> None:
    listener = Listener(monkeypatch, priority)
    await listener.gets(1.0, at=0.0)
    assert await listener.gets(1.0, at=100_000.0) == 0


async def test_a_gap_before_another_engine_goes_on_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener(monkeypatch)
    await listener.gets(1.0, at=0.0)
    assert await listener.gets(1.0, at=4.0) == 1
    listener.speech = listener.speech.successor(NOTHING, RENDERER, NOTHING, listener.speech.context, None)
    assert await listener.gets(1.0, at=4.5) == 0
    assert await listener.gets(1.0, at=9.0) == 1
