"""The way out of a session: events in order, then the frames that are due, never one of a reply that was stopped."""

from __future__ import annotations

import asyncio

import pytest

from stts.audio.pacing import FRAME_SECONDS
from stts.chat import ReplyConfig, ReplyRequest
from stts.conversation.config import ReplyOrder
from stts.conversation.events import AudioCleared, AudioFrame, ReplyDelta, SessionEvent
from stts.conversation.outbox import JOINED_CHARACTERS, WAITING_EVENTS, FrameSink, Outbox
from stts.conversation.playback import ReplyPlayback
from stts.conversation.reply import GeneratedReply
from stts.errors import EngineError
from stts.speech import AudioChunk
from tests.virtual import now, virtual

RATE = 8000


def playing(outbox: Outbox, frames: int, *, generation: int = 1, out_of_band: bool = False) -> GeneratedReply:
    playback = ReplyPlayback(RATE, ahead=None if out_of_band else 0.1, clock=now)
    order, request = ReplyOrder(out_of_band=out_of_band), ReplyRequest((), ReplyConfig())
    reply = GeneratedReply(generation, 1, "item", order, request, None, playback)
    playback.write(AudioChunk(b"\1\0" * round(frames * FRAME_SECONDS * RATE), frames * FRAME_SECONDS))
    outbox.play(reply)
    return reply


class Reader:
    def __init__(self, outbox: Outbox, sink: FrameSink | None = None) -> None:
        self.told: list[tuple[float, SessionEvent]] = []
        self._began = now()
        self.task = asyncio.create_task(self._read(outbox, sink))

    async def _read(self, outbox: Outbox, sink: FrameSink | None) -> None:
        async for event in outbox.events(sink):
            self.told.append((round(now() - self._began, 3), event))

    @property
    def frames(self) -> list[tuple[int, int]]:
        return [(event.generation, event.sequence) for _, event in self.told if isinstance(event, AudioFrame)]

    @property
    def times(self) -> list[float]:
        return [at for at, event in self.told if isinstance(event, AudioFrame)]


@virtual
async def test_events_go_before_frames_and_frames_in_time() -> None:
    outbox = Outbox(lambda reply: None)
    playing(outbox, 5)
    outbox.emit(AudioCleared())
    reader = Reader(outbox)
    await asyncio.sleep(1)
    assert isinstance(reader.told[0][1], AudioCleared)
    assert reader.frames == [(1, number) for number in range(5)]
    assert reader.times == [0.0, 0.0, 0.02, 0.06, 0.1], "a tenth of a second ahead of their playback"
    outbox.close()
    await reader.task


@virtual
async def test_a_reply_that_is_stopped_sends_nothing_more_and_one_that_is_held_goes_on() -> None:
    outbox = Outbox(lambda reply: None)
    reply = playing(outbox, 50)
    reader = Reader(outbox)
    await asyncio.sleep(0.2)
    reply.playback.hold()
    held = len(reader.frames)
    await asyncio.sleep(5)
    assert len(reader.frames) == held
    reply.playback.go_on()
    await asyncio.sleep(0.2)
    assert len(reader.frames) > held
    outbox.stop(reply)
    stopped = len(reader.frames)
    await asyncio.sleep(5)
    assert len(reader.frames) == stopped and not reader.task.done()
    outbox.stop(reply)
    outbox.close()
    await reader.task


@virtual
async def test_who_is_spoken_to_goes_before_what_is_nobody_s_turn() -> None:
    outbox = Outbox(lambda reply: None)
    aside = playing(outbox, 3, generation=1, out_of_band=True)
    playing(outbox, 2, generation=2)
    reader = Reader(outbox)
    await asyncio.sleep(0)
    assert reader.frames == [(2, 0), (2, 1), (1, 0), (1, 1), (1, 2)]
    aside.playback.close()
    assert await aside.playback.taken() == 0
    outbox.close()
    await reader.task


class Sink:
    """A connection that takes frames at once, unless it is `full`."""

    def __init__(self) -> None:
        self.full = False
        self.taken: list[tuple[float, int]] = []

    @property
    def takes_now(self) -> bool:
        return not self.full

    def take(self, frame: AudioFrame) -> None:
        self.taken.append((round(now(), 3), frame.sequence))


@virtual
async def test_frames_go_past_the_reader_in_their_time_and_the_first_through_it() -> None:
    outbox, sink = Outbox(lambda reply: None), Sink()
    reply = playing(outbox, 12)
    reader = Reader(outbox, sink)
    await asyncio.sleep(0.2)
    began = now() - 0.2
    assert reader.frames == [(1, 0), (1, 1)]
    assert sink.taken == [(round(began + at, 3), number) for number, at in enumerate((0.02, 0.06, 0.1, 0.14, 0.18), 2)]
    outbox.emit(AudioCleared())
    await asyncio.sleep(0)
    assert isinstance(reader.told[-1][1], AudioCleared)
    outbox.stop(reply)
    taken = list(sink.taken)
    await asyncio.sleep(1)
    assert sink.taken == taken and len(reader.frames) == 2
    outbox.close()
    await reader.task


@virtual
async def test_the_reader_brings_what_the_connection_cannot_take_at_once_in_order() -> None:
    outbox, sink = Outbox(lambda reply: None), Sink()
    reply = playing(outbox, 12)
    reader = Reader(outbox, sink)
    await asyncio.sleep(0.1)
    sink.full = True
    await asyncio.sleep(0.1)
    sink.full = False
    await asyncio.sleep(1)
    by_reader = [sequence for _, sequence in reader.frames]
    assert len(by_reader) > 2 and sorted([*by_reader, *(number for _, number in sink.taken)]) == list(range(12))
    reply.playback.close()
    assert await reply.playback.taken() == 0
    outbox.close()
    await reader.task


@virtual
async def test_nobody_is_sent_frames_whose_reader_has_left() -> None:
    outbox, sink = Outbox(lambda reply: None), Sink()
    playing(outbox, 12)
    reader = Reader(outbox, sink)
    await asyncio.sleep(0.1)
    reader.task.cancel()
    await asyncio.wait([reader.task])
    taken = list(sink.taken)
    await asyncio.sleep(1)
    assert sink.taken == taken
    outbox.close()


@virtual
async def test_words_that_wait_are_told_together_as_far_as_they_are_one_reply_s() -> None:
    outbox = Outbox(lambda reply: None)
    words: list[SessionEvent] = [ReplyDelta(1, " word")] * 50
    words += [AudioCleared(), ReplyDelta(1, " more"), ReplyDelta(2, "Other")]
    for event in words:
        outbox.emit(event)
    reader = Reader(outbox)
    await asyncio.sleep(0)
    told = [event for _, event in reader.told]
    assert told == [
        ReplyDelta(1, " word" * (JOINED_CHARACTERS // 5)),
        ReplyDelta(1, " word" * (50 - JOINED_CHARACTERS // 5)),
        *words[50:],
    ]
    outbox.close()
    await reader.task


@virtual
async def test_what_happens_as_a_frame_goes_out_is_told_after_it() -> None:
    outbox = Outbox(lambda reply: outbox.emit(AudioCleared()))
    playing(outbox, 1)
    reader = Reader(outbox)
    await asyncio.sleep(1)
    assert [type(event) for _, event in reader.told] == [AudioFrame, AudioCleared]
    outbox.close()
    await reader.task


@virtual
async def test_who_is_behind_is_waited_for_and_an_error_comes_last() -> None:
    outbox = Outbox(lambda reply: None)
    for _ in range(WAITING_EVENTS):
        outbox.emit(AudioCleared())
    waiting, draining = asyncio.create_task(outbox.room()), asyncio.create_task(outbox.drained())
    await asyncio.sleep(1)
    assert not waiting.done() and not draining.done() and not outbox.told
    events = outbox.events()
    await anext(events)
    await waiting
    assert not draining.done()
    for _ in range(WAITING_EVENTS - 1):
        await anext(events)
    await draining
    assert not outbox.told, "the last one is being told"
    outbox.close(EngineError("broken"))
    with pytest.raises(EngineError):
        await anext(events)
    assert outbox.told
