"""One reply on its way: frames, holds, and what was heard."""

from __future__ import annotations

import asyncio

import pytest

from stts.audio.pacing import FRAME_SECONDS
from stts.conversation.playback import Frame, ReplyPlayback
from stts.speech import AudioChunk
from tests.virtual import now, virtual

RATE = 8000


def reply(ahead: float | None = 0.3) -> ReplyPlayback:
    return ReplyPlayback(RATE, ahead=ahead, clock=now)


def chunk(seconds: float, text: str = "", value: int = 1) -> AudioChunk:
    samples = round(seconds * RATE)
    return AudioChunk(value.to_bytes(2, "little") * samples, seconds, text)


async def sent(one: ReplyPlayback, count: int) -> list[Frame]:
    return [await next_frame(one) for _ in range(count)]


async def next_frame(one: ReplyPlayback) -> Frame:
    due = asyncio.Event()
    one.on_due = due.set
    while (frame := one.next_frame()) is None:
        due.clear()
        await due.wait()
    return frame


@virtual
async def test_audio_of_any_length_becomes_frames_of_one() -> None:
    one = reply(ahead=None)
    for size in (0.001, 0.07, 0.0301, 0.2):
        one.write(chunk(size))
    one.close()
    frames = []
    while (frame := one.next_frame()) is not None:
        frames.append(frame)
    await one.taken()
    assert [frame.seconds for frame in frames[:-1]] == [FRAME_SECONDS] * (len(frames) - 1)
    assert sum(len(frame.data) for frame in frames) == 2 * (8 + 560 + 241 + 1600)


@virtual
async def test_half_a_sample_at_the_end_is_no_frame() -> None:
    one = reply(ahead=None)
    one.write(AudioChunk(b"\1", 0.0))
    one.close()
    assert one.next_frame() is None
    await one.taken()


@virtual
async def test_what_was_not_heard_is_sent_again_before_anything_new() -> None:
    one = reply()
    one.write(chunk(0.4))
    before = await sent(one, 10)
    waiting = asyncio.create_task(next_frame(one))
    await asyncio.sleep(0.01)
    heard = one.hold()
    unheard = [frame for number, frame in enumerate(before) if (number + 1) * FRAME_SECONDS > heard]
    one.go_on()
    first = await waiting
    assert first is unheard[0]
    one.write(chunk(0.04, value=2))
    again = await sent(one, len(unheard) - 1)
    assert [id(frame) for frame in again] == [id(frame) for frame in unheard[1:]]
    assert (await sent(one, 1))[0].data[:2] == b"\2\0"


@virtual
@pytest.mark.parametrize("after", [0.0, 0.05, 0.11, 0.13, 0.2])
async def test_text_that_is_sent_again_counts_once(after: float) -> None:
    one = reply()
    pieces = [f"piece{number}" for number in range(6)]
    for piece in pieces:
        one.write(chunk(0.08, piece))
    one.close()
    await sent(one, 8)
    for _ in range(3):
        await asyncio.sleep(after)
        one.hold()
        one.go_on()
        while one.sent < 0.31:
            await sent(one, 1)
    await sent(one, round((0.48 - one.sent) / FRAME_SECONDS))
    while not await one.heard_out(await one.taken()):
        pass
    await asyncio.sleep(0.01)
    assert one.heard_text == " ".join(pieces)
    assert one.sent == pytest.approx(0.48)


@virtual
async def test_while_it_is_held_nothing_goes_out() -> None:
    one = reply()
    one.write(chunk(1.0))
    await sent(one, 3)
    one.hold()
    assert one.sent == one.heard == 0.0
    waiting = asyncio.create_task(next_frame(one))
    await asyncio.sleep(5)
    assert not waiting.done()
    one.go_on()
    await waiting


@virtual
async def test_what_the_client_reports_wins() -> None:
    one = reply()
    one.write(chunk(2.0, "some words of a reply"))
    await sent(one, 5)
    await asyncio.sleep(0.1)
    one.report(0.02)
    assert one.heard == pytest.approx(0.02)
    one.report(-5)
    assert one.heard == 0.0
    one.report(100)
    assert one.heard == one.sent
