"""Engines that transcribe recordings, listening live: how often they are asked, and what comes of their faults."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from stts.context import Outcome
from stts.errors import EngineError, EngineTimeout
from stts.protocols import TranscriptionSession
from stts.transcription import (
    TranscriptCheckpoint,
    TranscriptDone,
    TranscriptLagging,
    TranscriptPartial,
    TranscriptSegment,
)
from tests.adapters.execution.engines_under_test import until
from tests.adapters.transcription.engines_under_test import CALL_SECONDS, Heard, engines, open_session, sound
from tests.adapters.transcription.faulty_engines import GATE, BatchEngine
from tests.skipping import skip
from tests.wired import Engines


def engine(made: Engines) -> BatchEngine:
    found = made.instance("batch").engine
    assert isinstance(found, BatchEngine)
    return found


async def session_of(made: Engines, **config: object) -> TranscriptionSession:
    """With the engine loaded, probed, and forgetful of that."""
    await made.load("batch")
    engine(made).given.clear()
    return await open_session(made, "batch", **config)


async def test_the_window_grows_and_is_looked_at_again() -> None:
    async with engines() as made:
        session = await session_of(made, language="de")
        heard = Heard(made, session)
        for count in range(1, 4):
            heard.audio.write(sound(1.0))
            await heard.until(TranscriptPartial, count)
        assert await heard.end() == "word0 word1 word2"
        assert engine(made).given == [16_000, 32_000, 48_000], "the last look was at all there was"
        assert heard.context.output_data == Outcome("batch", language="de")
        assert heard.context.metrics.audio_seconds == pytest.approx(3.0)
        await session.aclose()


async def test_guesses_come_as_seldom_as_was_asked() -> None:
    async with engines() as made:
        session = await session_of(made, guess_after=2.0)
        heard = Heard(made, session)
        for count in range(1, 3):
            heard.audio.write(sound(2.0))
            await heard.until(TranscriptPartial, count)
        heard.audio.write(sound(1.0))
        assert await heard.end() == "word0 word1 word2 word3 word4"
        assert engine(made).given == [32_000, 64_000, 80_000]
        await session.aclose()


async def test_what_is_settled_is_not_transcribed_again_unless_somebody_spoke() -> None:
    async with engines() as made:
        session = await session_of(made)
        heard = Heard(made, session)
        heard.audio.write(sound(0.9))
        heard.audio.checkpoint()
        await heard.until(TranscriptCheckpoint)
        count = len(engine(made).given)
        heard.audio.write(sound(0.4, 0.001))
        assert await heard.end() == "word0" == heard.settled[0]
        assert len(engine(made).given) == count
        other = Heard(made, session)
        other.audio.write(sound(0.9))
        other.audio.checkpoint()
        await other.until(TranscriptCheckpoint)
        other.audio.write(sound(1.1))
        assert await other.end() == "word0 word1"
        assert engine(made).given[-1] == 32_000


async def test_the_language_of_the_utterance_before_is_likely_that_of_the_next() -> None:
    async with engines() as made:
        session = await session_of(made)
        for _ in range(2):
            heard = Heard(made, session)
            heard.audio.write(sound(0.9))
            assert await heard.end() == "word0"
        assert engine(made).likely[-2:] == [None, "en"]
        await session.aclose()


@pytest.mark.parametrize("partials", [True, False])
async def test_a_pause_settles_words_where_that_was_asked(partials: bool) -> None:
    async with engines() as made:
        session = await session_of(made, settle_after=0.0, partials=partials)
        heard = Heard(made, session)
        for length in (0.9, 1.1):
            heard.audio.write(sound(length))
            heard.audio.checkpoint()
            known = await heard.until(TranscriptCheckpoint, len(heard.settled) + 1)
            assert isinstance(known, TranscriptCheckpoint) and known.segment is not None
            assert heard.told == known.text == known.segment.text
        assert await heard.end() == "word0 word1" == heard.settled[-1]
        await session.aclose()


async def test_an_utterance_longer_than_the_engine_hears_at_once() -> None:
    async with engines() as made:
        session = await session_of(made)
        heard = Heard(made, session)
        for second in range(26):
            heard.audio.write(sound(0.8))
            heard.audio.write(sound(0.2, 0.01))
            if second % 8 == 7:
                heard.audio.checkpoint()
        text = await heard.end()
        assert max(engine(made).given) <= 160_000
        assert 22 <= len(text.split()) <= 30
        segment = next(event.segment for event in heard.events if isinstance(event, TranscriptSegment))
        assert segment.end == pytest.approx(26.0, abs=0.3)


async def test_words_before_a_long_pause_are_not_lost_when_all_comes_at_once() -> None:
    async with engines() as made:
        session = await session_of(made)
        heard = Heard(made, session)
        heard.audio.write(sound(2.0))
        heard.audio.checkpoint()
        heard.audio.write(np.concatenate([sound(1.0), sound(9.0, 0.001)]))
        await heard.end()
        assert max(engine(made).given) >= 48_000, "the third second was given to the engine, too"


async def test_who_is_behind_says_so_and_a_final_does_not_wait_for_a_look() -> None:
    async with engines() as made:
        session = await session_of(made)
        heard = Heard(made, session)
        GATE.clear()
        heard.audio.write(sound(1.0))
        await until(lambda: made.instance("batch").running == 1)
        heard.audio.write(sound(1.0))
        heard.audio.write(sound(1.0))
        lag = await heard.until(TranscriptLagging)
        assert isinstance(lag, TranscriptLagging) and lag.seconds >= 1
        heard.audio.close()
        GATE.set()
        assert await heard.end() == "word0 word1 word2"


async def test_speech_that_comes_at_once_is_not_behind_before_it_was_looked_at() -> None:
    async with engines() as made:
        session = await session_of(made)
        heard = Heard(made, session)
        for _ in range(20):
            heard.audio.write(sound(0.125))
        heard.audio.close()
        await heard.end()
        assert not [event for event in heard.events if isinstance(event, TranscriptLagging)]


@pytest.mark.parametrize("level", [0.0, 0.5])
async def test_nothing_heard_is_no_segment(level: float) -> None:
    async with engines() as made:
        session = await session_of(made)
        engine(made).fault = "nothing"
        heard = Heard(made, session)
        heard.audio.write(sound(1.5, level))
        heard.audio.checkpoint()
        assert await heard.end() == ""
        assert heard.settled == [""] and heard.events[-1] == TranscriptDone(1.5, None)
        empty = Heard(made, session)
        assert await empty.end() == ""


async def test_silence_is_never_transcribed() -> None:
    async with engines() as made:
        session = await session_of(made)
        heard = Heard(made, session)
        for _ in range(30):
            heard.audio.write(sound(1.0, 0.0))
        assert await heard.end() == ""
        assert engine(made).given == []


async def test_a_failure_costs_its_utterance_alone() -> None:
    async with engines() as made:
        session = await session_of(made)
        engine(made).fault = "fail"
        bad = Heard(made, session)
        for _ in range(3):
            bad.audio.write(sound(1.0))
        with pytest.raises(EngineError):
            await bad.end()
        engine(made).fault = ""
        good = Heard(made, session)
        good.audio.write(sound(2.0))
        assert await good.end() == "word0 word1"
        assert made.instance("batch").running == made.instance("batch").waiting == 0


async def test_an_engine_that_hangs() -> None:
    async with engines() as made:
        session = await session_of(made)
        GATE.clear()
        bad = Heard(made, session)
        bad.audio.write(sound(0.5))
        bad.audio.close()
        await until(lambda: made.instance("batch").running == 1 and made.instance("batch").state == "ready")
        skip(CALL_SECONDS)
        with pytest.raises(EngineTimeout):
            await bad.task
        GATE.set()
        await until(lambda: made.instance("batch").state == "ready")
        good = Heard(made, session)
        good.audio.write(sound(1.0))
        assert await good.end() == "word0"


async def test_leaving_in_the_middle_leaves_nothing() -> None:
    before = asyncio.all_tasks()
    async with engines() as made:
        session = await session_of(made)
        heard = Heard(made, session)
        GATE.clear()
        heard.audio.write(sound(1.2))
        await until(lambda: made.instance("batch").running == 1)
        heard.task.cancel()
        GATE.set()
        await asyncio.wait([heard.task])
        assert made.instance("batch").running == made.instance("batch").waiting == 0
        await session.aclose()
    await until(lambda: asyncio.all_tasks() == before)
