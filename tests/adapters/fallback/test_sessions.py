"""A live stream outlives its ear: another hears the utterance from its beginning, and the first is gone back to."""

from __future__ import annotations

from contextlib import aclosing

import numpy as np
import pytest

from stts.context import Priority, RequestContext
from stts.errors import EngineError, STTSError
from stts.protocols import HearRequest, TranscriptionSession
from stts.streams.live import SAMPLE_RATE, LiveAudio
from stts.transcription import (
    TranscriptCheckpoint,
    TranscriptEvent,
    TranscriptionConfig,
    TranscriptPartial,
    TranscriptSegment,
)
from tests.adapters.execution.engines_under_test import until
from tests.adapters.fallback.conftest import House
from tests.adapters.fallback.frail_engines import FAULTS, GATE


def utterance(seconds: float = 1.0) -> LiveAudio:
    """All of it was spoken by now."""
    now = 0.0
    audio = LiveAudio(60.0, lambda: now)
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)
    audio.write(tone[:160].astype(np.float32), 1.0)
    now = seconds
    audio.write(tone[160:].astype(np.float32), 1.0)
    audio.close()
    return audio


async def hear(house: House, session: TranscriptionSession, audio: LiveAudio) -> list[TranscriptEvent]:
    house.context = RequestContext("stt", priority=Priority.REALTIME)
    async with aclosing(house.engines.hear(house.context, HearRequest(audio, session))) as events:
        return [event async for event in events]


def words(events: list[TranscriptEvent]) -> list[str]:
    return [event.segment.text for event in events if isinstance(event, TranscriptSegment)]


async def test_another_ear_hears_the_utterance_and_the_first_the_next(house: House) -> None:
    session = await house.engines.session(TranscriptionConfig(partials=False))
    try:
        assert words(await hear(house, session, utterance())) == ["d"]
        FAULTS["d"] = "raise"
        assert words(await hear(house, session, utterance())) == ["e"]
        assert house.context.output_data.engine == "e"
        assert house.context.output_data.fallback == "engine_failed"
        assert session.plan.instance == "e"
        FAULTS.clear()
        assert words(await hear(house, session, utterance())) == ["d"]
        assert house.context.output_data.fallback is None
    finally:
        await session.aclose()


async def test_an_ear_that_rests_is_not_asked_until_it_works(house: House) -> None:
    session = await house.engines.session(TranscriptionConfig(partials=False))
    try:
        FAULTS["d"] = "raise"
        for _ in range(3):
            await hear(house, session, utterance())
        assert house.breaker("d") == "open"
        assert words(await hear(house, session, utterance())) == ["e"]
        assert house.engines.catalogue.health.of("d").statistics.failures == 3
        FAULTS.clear()
        house.engines.catalogue.health.succeeded("d", house.engines.catalogue.health.clock())
        assert words(await hear(house, session, utterance())) == ["d"]
    finally:
        await session.aclose()


async def test_what_was_understood_is_taken_back_before_another_hears_it(house: House) -> None:
    session = await house.engines.session(TranscriptionConfig())
    audio = LiveAudio(60.0)
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    house.context = RequestContext("stt", priority=Priority.REALTIME)
    told: list[TranscriptEvent] = []
    audio.write(tone, 1.0)
    async with aclosing(house.engines.hear(house.context, HearRequest(audio, session))) as events:
        async for event in events:
            told.append(event)
            if isinstance(event, TranscriptPartial) and event.tail == "d":
                FAULTS["d"] = "raise"
                audio.write(tone[: SAMPLE_RATE // 4], 1.0)
                audio.close()
    await session.aclose()
    assert words(told) == ["e"]
    assert told.index(TranscriptPartial("", "")) > 0
    assert "".join(event.stable_delta for event in told if isinstance(event, TranscriptPartial)) == "e"


async def test_an_ear_that_hangs_is_given_up(house: House) -> None:
    session = await house.engines.session(TranscriptionConfig(partials=False))
    for name in ("d", "e"):
        # Returns when the probe after the load is over, which would hang as well.
        await house.engines.load(name)
    house.set(first_seconds=0.5)
    FAULTS["d"] = "hang"
    assert words(await hear(house, session, utterance())) == ["e"]
    assert house.context.output_data.fallback == "engine_timeout"
    GATE.set()
    await session.aclose()


async def test_a_stream_begins_with_the_ear_that_can_be_loaded(house: House) -> None:
    FAULTS["d"] = "load"
    session = await house.engines.session(TranscriptionConfig())
    assert session.plan.instance == "e"
    await session.aclose()
    FAULTS["e"] = "load"
    await house.engines.instance("e").unload()
    with pytest.raises(STTSError):
        await house.engines.session(TranscriptionConfig())


async def test_a_named_ear_is_not_replaced(house: House) -> None:
    session = await house.engines.session(TranscriptionConfig(engine="d", partials=False))
    FAULTS["d"] = "raise"
    with pytest.raises(EngineError):
        await hear(house, session, utterance())
    assert house.failures("d") == 1
    await session.aclose()


async def test_a_long_utterance_stays_where_it_is(house: House) -> None:
    session = await house.engines.session(TranscriptionConfig(partials=False))
    FAULTS["d"] = "raise"
    with pytest.raises(EngineError):
        await hear(house, session, utterance(45.0))
    await session.aclose()


async def test_seconds_heard_are_those_of_the_ear_that_got_furthest_where_none_told_anything(house: House) -> None:
    session = await house.engines.session(TranscriptionConfig(partials=False))
    FAULTS["d"] = "raise"
    now = 0.0
    audio = LiveAudio(60.0, lambda: now)
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    house.context = RequestContext("stt", priority=Priority.REALTIME)
    async with aclosing(house.engines.hear(house.context, HearRequest(audio, session))) as events:
        now = 1.0
        audio.write(tone, 1.0)
        audio.checkpoint()
        assert isinstance(await anext(events), TranscriptCheckpoint)
        now = 2.0
        audio.write(tone, 1.0)
        await until(lambda: audio.waiting == 0)
    await session.aclose()
    assert house.context.metrics.audio_seconds == pytest.approx(2.0)
