"""Frames on their way to the voice: nothing is lost, and silence stands for what is late."""

from __future__ import annotations

import asyncio

from clients.discord.frames import CUSHION, Frames
from clients.discord.ogg import SILENCE


async def filled(frames: Frames, count: int, first: int = 0) -> list[bytes]:
    put = [bytes([first + number]) for number in range(count)]
    for frame in put:
        assert await frames.put(frame)
    return put


async def test_it_begins_once_there_is_a_cushion_and_ends_with_the_last() -> None:
    frames = Frames()
    put = await filled(frames, CUSHION - 1)
    assert frames.read() == SILENCE
    put += await filled(frames, 1, CUSHION - 1)
    assert await frames.begun()
    assert [frames.read() for _ in put] == put
    frames.end()
    assert (frames.read(), frames.done) == (b"", True)


async def test_a_short_text_is_whole_without_a_cushion() -> None:
    frames = Frames()
    put = await filled(frames, 2)
    frames.end()
    assert await frames.begun()
    assert [frames.read(), frames.read(), frames.read()] == [*put, b""]


async def test_a_late_answer_is_waited_for_in_silence_until_there_is_a_cushion_again() -> None:
    frames = Frames()
    first = await filled(frames, CUSHION)
    assert [frames.read() for _ in first] == first
    assert frames.read() == SILENCE
    await filled(frames, 1, 50)
    assert frames.read() == SILENCE
    await filled(frames, CUSHION - 1, 51)
    assert [frames.read() for _ in range(CUSHION)] == [bytes([50 + number]) for number in range(CUSHION)]
    assert (frames.read_frames, frames.silent_frames, frames.done) == (2 * CUSHION, 2, False)


async def test_the_writer_waits_where_it_is_full() -> None:
    frames = Frames(most=8)
    put = await filled(frames, 8)
    writing = asyncio.create_task(frames.put(b"more"))
    await asyncio.sleep(0)
    assert not writing.done()
    assert await asyncio.to_thread(frames.read) == put[0]
    assert await writing


async def test_nothing_is_wanted_after_it_was_cancelled() -> None:
    frames = Frames(most=2)
    await filled(frames, 2)
    writing = asyncio.create_task(frames.put(b"more"))
    await asyncio.sleep(0)
    frames.cancel()
    assert not await writing
    assert (frames.read(), frames.done, await frames.begun()) == (b"", True, False)
