"""Engines that understand speech while it is spoken: one instance a stream, and none lost whatever happens."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import psutil
import pytest

from stts.context import Outcome
from stts.engine_api import Samples
from stts.errors import Busy, Conflict, EngineCrashed, EngineError, EngineLoadFailed, EngineTimeout, InvalidParameter
from stts.streams.live import LiveAudio
from stts.transcription import (
    TranscriptCheckpoint,
    TranscriptDone,
    TranscriptionConfig,
    TranscriptLagging,
    TranscriptPartial,
    TranscriptSegment,
)
from tests.adapters.execution.engines_under_test import until
from tests.adapters.transcription.engines_under_test import CALL_SECONDS, Heard, engines, open_session, sound
from tests.engines.speech import DATA, WORDS, read, word_error_rate
from tests.skipping import skip


def words(count: int) -> str:
    return " ".join(f"word{index}" for index in range(count))


async def test_words_come_while_they_are_spoken() -> None:
    async with engines() as made:
        session = await open_session(made, "quick", language="en")
        heard = Heard(made, session)
        for count in range(1, 6):
            heard.audio.write(sound(0.3))
            partial = await heard.until(TranscriptPartial, count)
        assert isinstance(partial, TranscriptPartial) and partial.tail.endswith("word4")
        assert await heard.end() == words(5)
        segment = next(event.segment for event in heard.events if isinstance(event, TranscriptSegment))
        assert (segment.start, segment.language) == (0.0, "en") and segment.end == pytest.approx(1.5)
        assert heard.context.output_data == Outcome("quick", language="en")
        assert heard.context.metrics.audio_seconds == pytest.approx(1.5)
        assert None not in (heard.context.metrics.engine, heard.context.metrics.queue)
        await session.aclose()


async def test_what_is_settled_is_final_if_nothing_follows() -> None:
    async with engines() as made:
        session = await open_session(made, "quick")
        heard = Heard(made, session)
        heard.audio.write(sound(0.9))
        heard.audio.checkpoint()
        await heard.until(TranscriptCheckpoint)
        for _ in range(20):
            heard.audio.write(sound(0.03, 0.001))
        assert await heard.end() == words(3) == heard.settled[0]
        await session.aclose()


async def test_after_a_pause_it_goes_on() -> None:
    async with engines() as made:
        session = await open_session(made, "quick")
        heard = Heard(made, session)
        heard.audio.write(sound(0.6))
        heard.audio.checkpoint()
        heard.audio.write(sound(0.9))
        heard.audio.checkpoint()
        assert await heard.end() == f"{words(2)} {words(3)}"
        assert heard.settled == [words(2), f"{words(2)} {words(3)}"]
        done = heard.events[-2]
        assert isinstance(done, TranscriptSegment) and done.segment.end == pytest.approx(1.5)
        await session.aclose()


async def test_a_pause_settles_words_where_that_was_asked() -> None:
    async with engines() as made:
        session = await open_session(made, "quick", settle_after=0.0)
        heard = Heard(made, session)
        heard.audio.write(sound(0.6))
        heard.audio.checkpoint()
        known = await heard.until(TranscriptCheckpoint)
        assert isinstance(known, TranscriptCheckpoint) and known.segment is not None
        assert heard.told == known.text == known.segment.text == words(2)
        heard.audio.write(sound(0.9))
        assert await heard.end() == f"{words(2)} {words(3)}"
        await session.aclose()


async def test_a_turn_without_end_is_decided_part_by_part() -> None:
    """The cost stays the same: the engine never holds more than twice what it hears at once, 3 s here."""
    async with engines(longest=3.0) as made:
        session = await open_session(made, "faulty")
        heard = Heard(made, session)
        said = np.concatenate([*[sound(3.0), sound(0.3, 0.001)] * 4, sound(12.0)])
        await feed(heard.audio, said, ahead=0.1)
        text = await heard.end()
        parts = [len(part.split()) + 1 for part in text.split("word0")[1:]]
        assert parts == [10, 11, 10, 11, 20, 20], "cut in the pauses, and where there is none after twice as long"
        segment = next(event.segment for event in heard.events if isinstance(event, TranscriptSegment))
        assert segment.end == pytest.approx(25.2)
        await session.aclose()


@pytest.mark.parametrize("level", [0.0, 0.5])
async def test_no_words_no_segment(level: float) -> None:
    async with engines() as made:
        session = await open_session(made, "quick")
        for seconds in (0.0, 0.1):
            heard = Heard(made, session)
            heard.audio.write(sound(seconds, level))
            heard.audio.checkpoint()
            assert await heard.end() == ""
            assert heard.settled == [""]
            assert heard.events[-1] == TranscriptDone(seconds, None)
        await session.aclose()


async def test_who_speaks_faster_than_the_clock_is_told_of_the_lag() -> None:
    async with engines() as made:
        session = await open_session(made, "quick")
        heard = Heard(made, session)
        for _ in range(10):
            heard.audio.write(sound(1.0))
        lag = await heard.until(TranscriptLagging)
        assert isinstance(lag, TranscriptLagging) and lag.seconds > 1
        assert await heard.end() == words(33)
        assert sum(isinstance(event, TranscriptLagging) for event in heard.events) == 1
        await session.aclose()


async def test_auto_takes_the_first_that_can_do_what_is_asked() -> None:
    async with engines() as made:
        for config, name in ((TranscriptionConfig(), "quick"), (TranscriptionConfig(task="translate"), "batch")):
            session = await made.session(config)
            assert session.plan.instance == name
            await session.aclose()


async def test_a_place_is_held_while_somebody_speaks() -> None:
    async with engines(place_seconds=0.05) as made:
        silent = [await open_session(made, "faulty") for _ in range(5)]
        speaking = [Heard(made, session) for session in silent[:2]]
        for heard in speaking:
            heard.audio.write(sound(0.6))
            await heard.until(TranscriptPartial)
        late = Heard(made, silent[2])
        late.audio.write(sound(0.6))
        with pytest.raises(Busy, match="2 people speak at once"):
            await late.end()
        with pytest.raises(Conflict):
            await made.catalogue.unload("faulty")
        assert await speaking[0].end() == words(2)
        again = Heard(made, silent[2])
        again.audio.write(sound(0.6))
        assert await again.end() == words(2)
        assert await speaking[1].end() == words(2)
        for session in (*silent, silent[0]):
            await session.aclose()
        await made.catalogue.unload("faulty")


async def test_who_finds_no_place_waits_a_moment_and_loses_no_word() -> None:
    async with engines(place_seconds=30.0) as made:
        sessions = [await open_session(made, "faulty") for _ in range(3)]
        first, second, third = (Heard(made, session) for session in sessions)
        for heard in (first, second):
            heard.audio.write(sound(0.3))
            await heard.until(TranscriptPartial)
        third.audio.write(sound(0.9))
        assert await first.end() == words(1)
        assert await third.end() == words(3)
        assert await second.end() == words(1)
        for session in sessions:
            await session.aclose()


async def test_what_it_cannot_do_is_refused_and_takes_no_place() -> None:
    async with engines() as made:
        for _ in range(3):
            with pytest.raises(InvalidParameter):
                await made.session(TranscriptionConfig(engine="faulty", language="fr"))
        for _ in range(2):
            with pytest.raises(EngineLoadFailed):
                await open_session(made, "deaf")


@pytest.mark.socket
@pytest.mark.parametrize(
    ("fault", "process", "error"),
    [
        ("fail", False, EngineError),
        ("fail", True, EngineError),
        ("hang", True, EngineTimeout),
        ("die", True, EngineCrashed),
    ],
)
async def test_one_bad_utterance_costs_itself_alone(
    fault: str, process: bool, error: type[EngineError], tmp_path: Path
) -> None:
    hanging = tmp_path / "hanging"
    async with engines(fault=fault, process=process, hanging=str(hanging)) as made:
        session, other = await open_session(made, "faulty"), await open_session(made, "faulty")
        beside = Heard(made, other)
        beside.audio.write(sound(0.3))
        await beside.until(TranscriptPartial)
        bad = Heard(made, session)
        bad.audio.write(sound(0.3))
        await bad.until(TranscriptPartial)
        bad.audio.write(sound(0.3, 1.0))
        bad.audio.close()
        if fault == "hang":
            await until(hanging.exists)
            skip(CALL_SECONDS)
        with pytest.raises(error):
            await bad.task
        beside.audio.write(sound(0.3))
        assert await beside.end() == words(2)
        good = Heard(made, session)
        good.audio.write(sound(0.6))
        assert await good.end() == words(2)
        for each in (session, other):
            await each.aclose()
        (again, once_more) = [await open_session(made, "faulty") for _ in range(2)]
        await again.aclose()
        await once_more.aclose()


@pytest.mark.socket
@pytest.mark.parametrize("process", [False, True])
async def test_leaving_in_the_middle_of_an_utterance_leaves_nothing(process: bool) -> None:
    before, children = asyncio.all_tasks(), psutil.Process().children()
    async with engines(process=process) as made:
        session = await open_session(made, "faulty")
        for seconds in (0.0, 0.05, 0.3, 1.2):
            heard = Heard(made, session)
            heard.audio.write(sound(seconds))
            await asyncio.sleep(0)
            heard.task.cancel()
            await asyncio.wait([heard.task])
        heard = Heard(made, session)
        heard.audio.write(sound(0.6))
        assert await heard.end() == words(2)
        await session.aclose()
    await until(lambda: asyncio.all_tasks() == before)
    # A close that gave up waiting has killed its child; the thread that reaps it may still be at it.
    await until(lambda: psutil.Process().children() == children)


@pytest.mark.socket
async def test_a_session_whose_opening_is_cancelled_takes_no_place() -> None:
    async with engines(process=True) as made:
        for _ in range(3):
            opening = open_session(made, "faulty")
            await asyncio.sleep(0.01)
            opening.cancel()
            await asyncio.wait([opening])
        for session in [await open_session(made, "faulty") for _ in range(2)]:
            await session.aclose()


@pytest.mark.socket
async def test_a_child_that_died_in_between_is_replaced() -> None:
    async with engines(process=True) as made:
        session = await open_session(made, "faulty")
        for child in psutil.Process().children():
            child.kill()
            child.wait()
        heard = Heard(made, session)
        heard.audio.write(sound(0.6))
        assert await heard.end() == words(2)
        await session.aclose()


@pytest.mark.socket
async def test_another_language_within_a_stream_starts_no_second_child() -> None:
    async with engines(process=True) as made:
        before = len(psutil.Process().children())
        session = await open_session(made, "faulty", language="en")
        assert len(psutil.Process().children()) == before + 1
        session.retire()
        other = await open_session(made, "faulty", language="de")
        assert len(psutil.Process().children()) == before + 1
        await session.aclose()
        heard = Heard(made, other)
        heard.audio.write(sound(0.6))
        assert await heard.end() == words(2)
        beside = await open_session(made, "faulty")
        assert len(psutil.Process().children()) == before + 2
        for each in (other, beside, beside):
            await each.aclose()
        await made.catalogue.unload("faulty")
        assert len(psutil.Process().children()) == before


@pytest.mark.engines("onnx", "pocketsphinx")
async def test_pocketsphinx_hears_flite_live() -> None:
    async with engines() as made:
        session = await open_session(made, "pocketsphinx", word_timestamps=True)
        for name in ("weather.flac", "kitchen.flac", "weather.flac"):
            samples = np.concatenate([sound(0.3, 0.0), read(DATA / name), sound(0.2, 0.0)])
            heard = Heard(made, session)
            await feed(heard.audio, samples)
            heard.audio.checkpoint()
            await feed(heard.audio, sound(0.3, 0.0))
            text = await heard.end()
            assert word_error_rate(WORDS[name], text) < 0.5
            assert heard.settled == [text]
            assert sum(isinstance(event, TranscriptPartial) for event in heard.events) > 5
            segment = next(event.segment for event in heard.events if isinstance(event, TranscriptSegment))
            assert 0.3 < segment.start < segment.end < len(samples) / 16_000
            assert segment.words and segment.language == "en-US"
        await session.aclose()


async def feed(audio: LiveAudio, samples: Samples, *, ahead: float = 0.5) -> None:
    """Faster than it was spoken, but never far ahead."""
    for start in range(0, len(samples), 960):
        audio.write(samples[start : start + 960])
        while audio.waiting > ahead:  # noqa: ASYNC110 - the reader takes all at once
            await asyncio.sleep(0.001)
