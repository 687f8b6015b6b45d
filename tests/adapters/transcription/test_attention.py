"""Turns that a client ends: a place of the listener is held while somebody speaks, and no word or time is lost."""

from __future__ import annotations

import asyncio
import random

import numpy as np
import pytest

from adapters.transcription.attention import KEPT, UNSURE
from stts.engine_api import Samples
from stts.errors import Busy
from stts.protocols import TranscriptionSession
from stts.transcription import Segment, TranscriptDone, TranscriptPartial, TranscriptSegment
from tests.adapters.execution.engines_under_test import until
from tests.adapters.transcription.engines_under_test import Heard, engines, open_session, sound
from tests.adapters.transcription.faulty_engines import AttentiveEngine, LoudEngine
from tests.wired import Engines

RATE = 16_000
FRAME = 512
SESSIONS, AT_ONCE = 300, 50


def silence(seconds: float, level: float = 0.001) -> Samples:
    return sound(seconds, level)


@pytest.fixture(autouse=True)
def nothing_given() -> None:
    AttentiveEngine.given.clear()


async def listening(made: Engines) -> TranscriptionSession:
    return await open_session(made, "attentive", word_timestamps=True)


def taken(made: Engines) -> int:
    return made.catalogue.streaming_slots["attentive"].taken


async def write(heard: Heard, *parts: Samples) -> None:
    """In pieces as long as those of a socket, and looked at before the next ones come."""
    samples = np.concatenate(parts)
    for start in range(0, len(samples), RATE // 2):
        for frame in range(start, min(start + RATE // 2, len(samples)), FRAME):
            heard.audio.write(samples[frame : min(frame + FRAME, start + RATE // 2)])
        await until(lambda: heard.audio.waiting < 0.2 or heard.task.done())


def segment(heard: Heard) -> Segment:
    return next(event.segment for event in heard.events if isinstance(event, TranscriptSegment))


def done(heard: Heard) -> TranscriptDone:
    event = heard.events[-1]
    assert isinstance(event, TranscriptDone)
    return event


async def test_a_silent_stream_never_takes_a_place() -> None:
    async with engines(engine="attentive") as made:
        session = await listening(made)
        heard = Heard(made, session, judged=False)
        for _ in range(40):
            await write(heard, silence(0.5))
            assert taken(made) == 0
        speaking = Heard(made, second := await listening(made))
        speaking.audio.write(sound(0.6))
        assert await speaking.end() == "word500"
        heard.audio.checkpoint()
        await write(heard, silence(0.2, 0.0))
        heard.task.cancel()
        await asyncio.wait([heard.task])
        assert len(AttentiveEngine.given) == 1
        await session.aclose()
        await second.aclose()


async def test_a_turn_of_silence_alone_has_no_words_and_needs_no_place() -> None:
    async with engines(engine="attentive", place_seconds=0.0) as made:
        session, other = await listening(made), await listening(made)
        busy = Heard(made, other)
        busy.audio.write(sound(0.6))
        await busy.until(TranscriptPartial)
        heard = Heard(made, session, judged=False)
        await write(heard, silence(12.0, 0.0))
        heard.audio.checkpoint()
        assert await heard.end() == ""
        assert heard.settled == [""]
        assert done(heard).duration == pytest.approx(12.0)
        assert await busy.end() == "word500"
        await session.aclose()
        await other.aclose()


async def test_the_place_is_taken_at_the_first_speech_and_given_back_after_it() -> None:
    async with engines(engine="attentive") as made:
        session = await listening(made)
        heard = Heard(made, session, judged=False)
        await write(heard, silence(20.0))
        assert taken(made) == 0
        await write(heard, sound(0.5, 0.3), silence(2.0), sound(0.5, 0.4), silence(1.0))
        await until(lambda: taken(made) == 1)
        await write(heard, silence(2.5))
        await until(lambda: taken(made) == 0)
        await until(lambda: heard.told != "")
        assert "word300 word400" in heard.told, "what was recognised is told when the place is given back"
        await write(heard, silence(30.0))
        await write(heard, sound(0.5, 0.5), silence(0.5))
        await until(lambda: taken(made) == 1)
        assert await heard.end() == "word300 word400 word500"
        assert taken(made) == 0
        first, second = AttentiveEngine.given
        assert KEPT <= int(np.flatnonzero(first > 0.1)[0]) <= KEPT + FRAME
        assert KEPT <= int(np.flatnonzero(second > 0.1)[0]) <= KEPT + FRAME
        assert len(first) < 8 * RATE and len(second) < 2 * RATE
        words = segment(heard).words
        assert [word.start for word in words] == pytest.approx([20.0, 22.5, 56.5])
        assert [word.end for word in words] == pytest.approx([20.5, 23.0, 57.0])
        assert done(heard).duration == pytest.approx(57.5)
        assert heard.context.metrics.audio_seconds == pytest.approx(57.5)
        await session.aclose()


async def test_audio_that_comes_at_once_has_the_same_words_and_times() -> None:
    async with engines(engine="attentive") as made:
        session = await listening(made)
        heard = Heard(made, session, judged=False)
        heard.audio.write(np.concatenate((silence(7.0), sound(0.5, 0.3), silence(9.0), sound(0.5, 0.4), silence(9.0))))
        assert await heard.end() == "word300 word400"
        assert [word.start for word in segment(heard).words] == pytest.approx([7.0, 16.5])
        assert sum(map(len, AttentiveEngine.given)) < 13 * RATE
        await session.aclose()


async def test_what_no_detector_takes_for_speech_is_heard_when_the_turn_ends() -> None:
    async with engines(engine="attentive") as made:
        session = await listening(made)
        heard = Heard(made, session, judged=False)
        await write(heard, silence(15.0), sound(1.0, 0.09), silence(2.0))
        assert taken(made) == 0
        assert await heard.end() == "word90"
        assert segment(heard).words[0].start == pytest.approx(15.0)
        assert UNSURE <= len(AttentiveEngine.given[0]) <= UNSURE + RATE
        await session.aclose()


async def test_a_detector_that_fails_silences_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LoudEngine, "fault", True)
    async with engines(engine="attentive") as made:
        session = await listening(made)
        heard = Heard(made, session, judged=False)
        await write(heard, silence(5.0), sound(0.5, 0.3), silence(0.5))
        assert await heard.end() == "word300"
        await session.aclose()


async def test_who_speaks_again_waits_longer_for_a_place() -> None:
    """There are words to lose."""
    async with engines(engine="attentive", place_seconds=0.0) as made:
        session, other, third = [await listening(made) for _ in range(3)]
        heard = Heard(made, session, judged=False)
        await write(heard, sound(0.5, 0.3), silence(4.0))
        await until(lambda: taken(made) == 0)
        beside = Heard(made, other)
        beside.audio.write(sound(0.6))
        await beside.until(TranscriptPartial)
        heard.audio.write(np.concatenate((sound(0.5, 0.4), silence(0.3))))
        refused = Heard(made, third, judged=False)
        refused.audio.write(sound(0.5))
        with pytest.raises(Busy):
            await refused.end()
        assert await beside.end() == "word500"
        assert await heard.end() == "word300 word400"
        for each in (session, other, third):
            await each.aclose()


async def test_turns_that_are_judged_elsewhere_are_heard_whole() -> None:
    async with engines(engine="attentive") as made:
        session = await listening(made)
        heard = Heard(made, session)
        await write(heard, silence(1.0))
        await until(lambda: taken(made) == 1)
        await write(heard, silence(4.0), sound(0.5, 0.3), silence(5.0))
        assert taken(made) == 1
        assert await heard.end() == "word300"
        assert sum(map(len, AttentiveEngine.given)) == pytest.approx(10.5 * RATE, abs=FRAME)
        await session.aclose()


async def test_after_hundreds_of_random_sessions_no_place_is_held() -> None:
    async with engines(engine="attentive", places=3, place_seconds=0.01) as made:
        before = asyncio.all_tasks()
        for seed in range(0, SESSIONS, AT_ONCE):
            async with asyncio.TaskGroup() as group:
                for each in range(seed, seed + AT_ONCE):
                    group.create_task(random_session(made, random.Random(each)))
            assert taken(made) == 0
        left = {"voice activity"}  # a task for all, which stays a while after the last
        await until(lambda: {task.get_name() for task in asyncio.all_tasks() - before} <= left)
        sessions = [await listening(made) for _ in range(3)]
        everybody = [Heard(made, session) for session in sessions]
        for heard in everybody:
            heard.audio.write(sound(1.0, 0.3))
        await until(lambda: taken(made) == 3)
        assert [await heard.end() for heard in everybody] == ["word300"] * 3
        for session in sessions:
            await session.aclose()
        await made.catalogue.unload("attentive")


async def random_session(made: Engines, dice: random.Random) -> None:
    """Whatever was said is told at the end of a turn that comes to it; turns may also fail or be left."""
    session = await listening(made)
    for _ in range(dice.randrange(3)):
        heard = Heard(made, session, judged=dice.random() < 0.3)
        said = []
        for _ in range(dice.randrange(6)):
            level = dice.choice((0.0, 0.001, 0.2, 0.3, 0.4))
            seconds = dice.choice((0.032, 0.3, 0.6, 3.5, 6.0)) if level < 0.1 else dice.choice((0.1, 0.3, 1.0))
            heard.audio.write(sound(seconds, level))
            heard.audio.write(silence(0.064))
            said += [f"word{round(level * 1000)}"] if level > 0.1 else []
            if dice.random() < 0.3:
                heard.audio.checkpoint()
            await asyncio.sleep(0)
        if dice.random() < 0.3:
            await asyncio.sleep(dice.choice((0.0, 0.001, 0.01)))
            heard.task.cancel()
            await asyncio.wait([heard.task])
            continue
        try:
            assert await heard.end() == " ".join(said)
        except Busy:
            continue
    await session.aclose()
