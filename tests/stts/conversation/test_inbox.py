"""Input that waits for a session, and how much of it can still be committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from stts.conversation.inbox import HeardFrames, Inbox
from stts.conversation.segmenter import FRAME
from stts.engine_api import Samples
from stts.errors import Busy, Conflict
from stts.protocols import Judged, VoiceActivity, VoiceStream
from stts.vad.rules import TurnRules
from tests.stts.conversation.caller import LoudIsSpeech, silence, tone

RULES = TurnRules()
HALF = 16 * FRAME / 16_000
"""Seconds: whole frames."""


class Slow:
    """A detector that judges when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, Callable[[Judged | BaseException], None]]] = []

    def stream(self) -> VoiceStream:
        return self

    def judge(self, frames: Samples, done: Callable[[Judged | BaseException], None]) -> None:
        self.waiting.append((len(frames), done))

    def answer(self, probability: float) -> None:
        count, done = self.waiting.pop(0)
        done(Judged([probability] * count, [-20.0] * count))

    async def probabilities(self, frames: Samples) -> Samples:
        raise AssertionError

    def close(self) -> None:
        self.waiting.clear()


def inbox_of(detector: VoiceActivity) -> Inbox:
    return Inbox(detector, lambda: None)


async def heard(inbox: Inbox) -> HeardFrames:
    await asyncio.sleep(0)
    item = inbox.take()
    assert isinstance(item, HeardFrames)
    return item


async def test_what_is_given_while_somebody_looks_counts_afterwards() -> None:
    """The detector of speech takes its time, and a client that speaks does not wait for it."""
    inbox = inbox_of(LoudIsSpeech())
    inbox.write(tone(HALF), RULES)
    for _ in inbox.look_at(await heard(inbox)):
        inbox.write(silence(0.1), RULES)
    inbox.turn_ended()
    inbox.commit()


async def test_nothing_is_left_when_all_was_looked_at() -> None:
    inbox = inbox_of(LoudIsSpeech())
    inbox.write(tone(HALF), RULES)
    assert len(list(inbox.look_at(await heard(inbox)))) == 16
    inbox.turn_ended()
    with pytest.raises(Conflict):
        inbox.commit()


async def test_frames_come_in_their_order_once_they_are_judged_and_commands_between_them() -> None:
    detector = Slow()
    ready: list[HeardFrames | str] = []

    def take() -> None:
        while (item := inbox.take()) is not None:
            ready.append(item)

    inbox = Inbox(detector, take)
    inbox.write(tone(HALF), RULES)
    inbox.commit()
    inbox.write(tone(HALF), None)
    inbox.write(tone(HALF), RULES)
    assert not ready
    detector.answer(0.7)
    judged, commit, pushed = ready
    assert commit == "commit"
    assert isinstance(judged, HeardFrames) and isinstance(pushed, HeardFrames)
    assert {probability for probability, _ in inbox.look_at(judged)} == {0.7}
    assert pushed.rules is None and {probability for probability, _ in inbox.look_at(pushed)} == {None}
    detector.answer(0.1)
    inbox.finish()
    assert [item if isinstance(item, str) else len(item.frames) for item in ready[3:]] == [16, "finish"]
    assert inbox.over and inbox.ended


async def test_what_could_not_be_judged_was_looked_at_all_the_same() -> None:
    detector = Slow()
    inbox = inbox_of(detector)
    inbox.write(tone(2.0), RULES)
    assert not inbox.has_room
    waits = asyncio.create_task(inbox.room())
    while detector.waiting:
        detector.waiting.pop(0)[1](Busy("later"))
        item = await heard(inbox)
        with pytest.raises(Busy):
            list(inbox.look_at(item))
    await waits
    inbox.turn_ended()
    with pytest.raises(Conflict):
        inbox.commit()


async def test_forgetting_again_and_again_takes_no_memory() -> None:
    inbox = inbox_of(LoudIsSpeech())
    for _ in range(10_000):
        assert inbox.clear()
        inbox.write(silence(0.0), RULES)
    inbox.finish()
    assert [inbox.take() for _ in range(3)] == ["clear", "finish", None]
    assert inbox.clears() == 10_000


async def test_no_audio_is_taken_behind_a_stop_not_even_what_has_waited() -> None:
    inbox = inbox_of(LoudIsSpeech())
    inbox.write(tone(1.024), RULES)
    waits = asyncio.create_task(inbox.room())
    await asyncio.sleep(0)
    inbox.stop()
    inbox.stop()
    inbox.commit()
    assert not inbox.over and not waits.done()
    assert len(list(inbox.look_at(await heard(inbox)))) == 32
    await waits
    inbox.write(tone(3.0), RULES)
    assert inbox.take() == "stop" and inbox.over and not inbox.ended
    inbox.finish()
    assert inbox.take() == "finish" and inbox.ended
    assert inbox.take() is None


async def test_frames_that_somebody_stopped_looking_at_were_looked_at() -> None:
    inbox = inbox_of(LoudIsSpeech())
    inbox.write(tone(1.024), RULES)
    assert not inbox.has_room
    looking = inbox.look_at(await heard(inbox))
    next(looking)
    looking.close()
    assert inbox.has_room


@pytest.mark.parametrize("end", ["finish", "close"])
async def test_nobody_waits_for_room_at_the_end(end: str) -> None:
    inbox = inbox_of(LoudIsSpeech())
    inbox.write(tone(1.024), RULES)
    waits = asyncio.create_task(inbox.room())
    await asyncio.sleep(0)
    assert not waits.done()
    getattr(inbox, end)()
    await waits
