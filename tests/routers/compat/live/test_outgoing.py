"""A client that is behind loses silence first, keeps its order, and is given up at a bound."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from routers.compat.live.link import OutputFrame
from routers.compat.live.outgoing import MOST_EVENTS, MOST_MS, SILENT_MS, Outgoing
from routers.compat.live.transcripts import OUTPUT


def frame(start: int, *, silent: bool) -> OutputFrame:
    return OutputFrame(b"", silent, start, start + 50)


class Reader:
    def __init__(self) -> None:
        self.got: list[Any] = []
        self.full = 0
        self.outgoing = Outgoing(self._is_full)

    def _is_full(self) -> None:
        self.full += 1

    async def read(self) -> list[Any]:
        self.outgoing.close()
        await self.outgoing.deliver(self._take, self._take)
        return self.got

    async def _take(self, item: Any) -> None:
        self.got.append(item)


async def test_all_comes_in_order() -> None:
    reader = Reader()
    given: list[Any] = [{"n": 1}, frame(0, silent=True), {"n": 2}, frame(50, silent=False)]
    for item in given:
        reader.outgoing.play(item) if isinstance(item, OutputFrame) else reader.outgoing.tell(item)
    assert await reader.read() == given


async def test_silence_is_left_out_first() -> None:
    reader = Reader()
    for number in range(40):
        reader.outgoing.play(frame(number * 50, silent=True))
    for number in range(40, 80):
        reader.outgoing.play(frame(number * 50, silent=False))
    got = await reader.read()
    assert [each.start_ms for each in got] == [number * 50 for number in range(40, 80)]
    assert reader.full == 0


async def test_speech_is_kept_to_a_bound_and_told_once() -> None:
    reader = Reader()
    for number in range(MOST_MS // 50 + 20):
        reader.outgoing.play(frame(number * 50, silent=False))
    assert reader.full == 1
    assert len(await reader.read()) == MOST_MS // 50


async def test_events_are_bounded() -> None:
    reader = Reader()
    for number in range(MOST_EVENTS + 5):
        reader.outgoing.tell({"n": number})
    assert reader.full == 1


async def test_an_interruption_takes_back_speech_and_no_event() -> None:
    reader = Reader()
    reader.outgoing.play(frame(0, silent=True))
    reader.outgoing.tell({"n": 1})
    reader.outgoing.play(frame(50, silent=False))
    reader.outgoing.interrupted()
    assert len(await reader.read()) == 2


async def test_words_of_speech_that_is_taken_back_are_not_told() -> None:
    reader = Reader()
    reader.outgoing.play(frame(0, silent=True))
    reader.outgoing.tell({"type": OUTPUT, "delta": "never heard"})
    reader.outgoing.play(frame(50, silent=False))
    reader.outgoing.tell({"type": "session.updated"})
    reader.outgoing.interrupted()
    told = [item["type"] for item in await reader.read() if isinstance(item, dict)]
    assert told == ["session.updated"]


async def test_silence_that_waits_is_bounded() -> None:
    reader = Reader()
    for number in range(1000):
        reader.outgoing.play(frame(number * 50, silent=True))
    assert len(await reader.read()) == SILENT_MS // 50


async def test_the_reader_waits_for_what_comes() -> None:
    reader = Reader()
    reading = asyncio.create_task(reader.outgoing.deliver(reader._take, reader._take))
    await asyncio.sleep(0)
    reader.outgoing.tell({"n": 1})
    reader.outgoing.close()
    await reading
    assert reader.got == [{"n": 1}]


async def test_what_a_reader_raises_comes_out() -> None:
    async def gone(item: Any) -> None:
        raise ConnectionError

    outgoing = Outgoing(lambda: None)
    outgoing.tell({})
    with pytest.raises(ConnectionError):
        await outgoing.deliver(gone, gone)
