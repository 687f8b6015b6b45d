"""Answers in the making: read by several at once, each from the start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from stts.cache.filling import AHEAD_BYTES, Fill
from stts.cache.room import Bounds, Room
from stts.context import CacheNote, Priority, RequestContext
from stts.errors import EngineError, ShuttingDown
from stts.speech import RETRACTION, AudioChunk, AudioOutput
from stts.streams.channel import Channel
from stts.streams.hold import Hold

NOTE = CacheNote("MISS", '"ab"')


class Script:
    """Makes what a test puts, into an answer of any number of readers."""

    def __init__(
        self,
        most_bytes: int = 10**9,
        context: RequestContext | None = None,
        room: Room | None = None,
        expected: int = 0,
    ) -> None:
        self.channel: Channel[AudioChunk] = Channel(10**12)
        self.begun = 0
        self.closed = False
        self.taken = 0
        self.left = 0
        self.end = asyncio.Event()
        """Work that was broken off has ended."""
        self.end.set()
        bounds = Bounds(most_bytes, expected, room or Room(10**12))
        self.fill = Fill(context or RequestContext("tts"), self._make, NOTE, bounds, self._leave)

    def put(self, *texts: str) -> None:
        for text in texts:
            self.channel.put(chunk(text), 1)

    def _leave(self, fill: Fill) -> None:
        assert fill is self.fill
        self.left += 1

    async def _make(self, fill: Fill) -> AsyncGenerator[AudioChunk, None]:
        assert fill is self.fill
        context = fill.context
        self.begun += 1
        context.output_data.engine, context.output_data.audio = "tone", AudioOutput("wav", "audio/wav", 16_000, 1)
        context.warn("about the plan")
        try:
            async for each in self.channel:
                self.taken += 1
                yield each
        finally:
            await self.end.wait()
            context.metrics.audio_seconds, context.metrics.engine = float(self.taken), 0.5
            context.metrics.characters = 9
            self.closed = True


def chunk(text: str, size: int = 0) -> AudioChunk:
    return AudioChunk(text.encode() + bytes(size), 1.0, text)


class Listener:
    """Reads until the end in a task."""

    def __init__(self, script: Script, context: RequestContext | None = None) -> None:
        self.context = context or RequestContext("tts")
        self.heard: list[str] = []
        self._chunks = script.fill.read(self.context, ["about the plan"])
        self.task = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        async with aclosing(self._chunks) as chunks:
            async for each in chunks:
                self.heard.append("RETRACTED" if each.retracts else each.text)

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_all_read_what_is_made_once_each_from_its_start() -> None:
    script = Script()
    first = Listener(script)
    script.put("a", "b")
    await settled()
    second = Listener(script)
    await settled()
    assert first.heard == second.heard == ["a", "b"]
    script.put("c")
    script.channel.close()
    await asyncio.wait([first.task, second.task])
    late = Listener(script)
    await late.task
    assert first.heard == second.heard == late.heard == ["a", "b", "c"] and script.begun == 1
    notes = [each.context.output_data.cache for each in (first, second, late)]
    assert [note.state for note in notes if note is not None] == ["MISS", "JOIN", "JOIN"]
    assert first.context.metrics.engine == 0.5 and second.context.metrics.engine is None
    assert second.context.metrics.audio_seconds == 3.0 and second.context.output_data.engine == "tone"
    assert second.context.warnings == ["about the plan"] and script.fill.warnings == []


async def test_who_leaves_stops_nobody_else_and_the_last_one_ends_it() -> None:
    script = Script()
    first, second = Listener(script), Listener(script)
    script.put("a")
    await settled()
    await first.leave()
    script.put("b")
    await settled()
    assert second.heard == ["a", "b"] and not script.closed
    await second.leave()
    assert script.closed and script.fill.done and not script.fill.may_join(Priority.STREAM)


async def test_a_failure_reaches_all_of_them_after_what_was_made() -> None:
    script = Script()
    listeners = [Listener(script) for _ in range(3)]
    script.put("a")
    await settled()
    script.channel.close(EngineError("It broke."))
    await asyncio.wait([each.task for each in listeners])
    assert [each.heard for each in listeners] == [["a"]] * 3
    assert all(isinstance(each.task.exception(), EngineError) for each in listeners)
    assert not script.fill.may_join(Priority.STREAM)


async def test_what_is_taken_back_is_taken_back_from_each_that_has_it() -> None:
    script = Script()
    first, second = RequestContext("tts", hold=Hold()), RequestContext("tts", hold=Hold())
    early, idle = Listener(script, first), Listener(script, second)
    script.put("a")
    await settled()
    own = script.fill.context
    assert own.unsent and own.hold is not None and own.hold.take_back()
    between = Listener(script, RequestContext("tts", hold=Hold()))
    await settled()
    assert between.heard == [] and first.hold is not None and not first.hold.release(0)
    script.channel.put(RETRACTION, 1)
    script.put("b")
    await settled()
    assert early.heard == idle.heard == ["a", "RETRACTED", "b"] and between.heard == ["b"]
    assert first.hold.release(1)
    assert not own.unsent and not own.hold.take_back()
    script.channel.close()
    await asyncio.wait([each.task for each in (early, idle, between)])
    assert between.context.hold is not None and between.context.hold.release(0)


async def test_a_listener_without_a_hold_keeps_it_from_being_taken_back() -> None:
    script = Script()
    held = Listener(script, RequestContext("tts", hold=Hold()))
    streamed = Listener(script)
    await settled()
    assert not script.fill.context.unsent
    await streamed.leave()
    assert script.fill.context.unsent
    await held.leave()


async def test_more_than_is_kept_is_made_no_faster_than_it_is_read() -> None:
    script = Script(most_bytes=1000)
    slow = script.fill.read(RequestContext("tts"), [])
    for _ in range(20):
        script.channel.put(chunk("x", AHEAD_BYTES // 4), 1)
    assert (await anext(slow)).text == "x"
    await settled()
    assert script.taken < 8 and not script.fill.may_join(Priority.STREAM)
    script.channel.close()
    assert len([each async for each in slow]) == 19


@pytest.mark.parametrize(
    ("made", "wanted", "joins"), [(3, 1, False), (2, 1, False), (1, 0, False), (3, 3, True), (1, 1, True), (1, 3, True)]
)
async def test_nobody_waits_behind_work_that_has_less_hurry(made: int, wanted: int, joins: bool) -> None:
    script = Script(context=RequestContext("tts", priority=Priority(made)))
    assert script.fill.may_join(Priority(wanted)) is joins


async def test_one_that_is_being_ended_is_joined_by_nobody() -> None:
    script = Script()
    script.end.clear()
    listener = Listener(script)
    script.put("a")
    await settled()
    leaving = asyncio.ensure_future(listener.leave())
    await settled()
    assert not script.fill.done and script.left == 1 and not script.fill.may_join(Priority.STREAM)
    script.end.set()
    await leaving
    assert script.closed


async def test_readers_of_what_is_ended_from_outside_are_told_so() -> None:
    script = Script()
    listeners = [Listener(script) for _ in range(2)]
    script.put("a")
    await settled()
    (task,) = (each for each in asyncio.all_tasks() if each.get_name() == "fill")
    task.cancel()
    await asyncio.wait([each.task for each in listeners])
    assert all(isinstance(each.task.exception(), ShuttingDown) for each in listeners)


async def test_who_leaves_is_told_what_was_made_and_charged_for_what_it_was_given() -> None:
    script = Script()
    first, second = Listener(script), Listener(script)
    script.put("ab", "c")
    await settled()
    await first.leave()
    times = first.context.metrics
    assert (times.audio_seconds, times.characters) == (2.0, 3) and first.context.output_data.engine == "tone"
    idle = script.fill.read(RequestContext("tts"), [])
    assert (await anext(idle)).text == "ab"
    await idle.aclose()
    script.put("d")
    await settled()
    await second.leave()
    assert second.context.metrics.audio_seconds == 3.0 and second.context.metrics.engine is None
    alone = Script()
    last = Listener(alone)
    await settled()
    await last.leave()
    assert (last.context.metrics.audio_seconds, last.context.metrics.engine) == (0.0, 0.5)


async def test_the_room_is_taken_until_the_last_reader_has_gone() -> None:
    room = Room(1000)
    script = Script(room=room, expected=300)
    slow, quick = script.fill.read(RequestContext("tts"), []), Listener(script)
    script.put("a")
    assert (await anext(slow)).text == "a"
    assert room.used == 300 and room.has(700) and not room.has(701)
    script.channel.put(chunk("b", 499), 1)
    script.channel.close()
    await quick.task
    assert script.fill.done and room.used == 501
    await slow.aclose()
    assert room.used == 0


async def test_without_room_it_waits_for_its_slowest_reader() -> None:
    room = Room(AHEAD_BYTES)
    script = Script(room=room)
    slow = script.fill.read(RequestContext("tts"), [])
    for _ in range(20):
        script.channel.put(chunk("x", AHEAD_BYTES // 4), 1)
    assert (await anext(slow)).text == "x"
    await settled()
    assert script.taken < 8 and room.used < 2 * AHEAD_BYTES and not script.fill.may_join(Priority.STREAM)
    script.channel.close()
    assert len([each async for each in slow]) == 19 and room.used == 0
