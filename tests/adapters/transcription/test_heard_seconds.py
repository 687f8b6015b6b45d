"""Seconds heard are known however an operation ends: usage and quotas count what was heard, not what was finished."""

from __future__ import annotations

import asyncio
import io
from contextlib import aclosing

import numpy as np
import pytest

from adapters.detection.recording import region_rules
from stts.analytics.record import OperationRecord
from stts.context import RequestContext
from stts.errors import EngineError, STTSError
from stts.plans import ListenRequest
from stts.settings import STTSettings
from stts.transcription import AudioData, TranscriptionConfig, TranscriptPartial
from stts.vad.requests import DetectRequest
from tests.adapters.execution.engines_under_test import until
from tests.adapters.transcription.engines_under_test import Heard, engines, open_session, sound
from tests.adapters.transcription.faulty_engines import GATE, BatchEngine
from tests.audio import encoded
from tests.wired import Engines

SECONDS = 130.0
"""More than one turn decodes."""


def recording() -> AudioData:
    """Speech at its begin and its end, and two minutes without any."""
    data = encoded(np.concatenate([sound(1.0), sound(SECONDS - 2.0, 0.0), sound(1.0)]))
    return AudioData(io.BytesIO(data), len(data))


def listen_request() -> ListenRequest:
    return ListenRequest(recording(), TranscriptionConfig(engine="batch"))


def fail(made: Engines) -> None:
    engine = made.instance("batch").engine
    assert isinstance(engine, BatchEngine)
    engine.fault = "fail"


def heard_by(context: RequestContext) -> float:
    """As usage counts it."""
    return OperationRecord.of(context).seconds_in


async def test_a_recording_that_is_left_counts_as_far_as_it_was_decoded() -> None:
    async with engines() as made:
        context = RequestContext("stt")
        async with aclosing(made.listen(context, listen_request())) as events:
            await anext(events)
        assert context.status == "cancelled"
        assert 1.0 <= heard_by(context) <= SECONDS


async def test_a_recording_that_is_cancelled_before_its_first_word() -> None:
    async with engines() as made:
        await made.load("batch")
        GATE.clear()
        context = RequestContext("stt")
        events = made.listen(context, listen_request())
        waiting = asyncio.ensure_future(anext(events))
        await until(lambda: made.instance("batch").running == 1)
        waiting.cancel()
        GATE.set()
        await asyncio.wait([waiting])
        assert (context.status, heard_by(context) >= 1.0) == ("cancelled", True)


async def test_a_recording_whose_engine_fails() -> None:
    async with engines() as made:
        await made.load("batch")
        fail(made)
        context = RequestContext("stt")
        with pytest.raises(EngineError):
            async with aclosing(made.listen(context, listen_request())) as events:
                await anext(events)
        assert (context.status, heard_by(context) >= 1.0) == ("error", True)


async def test_a_search_for_speech_that_is_left() -> None:
    async with engines() as made:
        context = RequestContext("stt")
        request = DetectRequest(recording(), region_rules(STTSettings(), 60.0))
        async with aclosing(made.catalogue.detector.detect(context, request)) as found:
            assert (await anext(found)).start < 1.0
        assert heard_by(context) >= 1.0


@pytest.mark.parametrize("engine", ["quick", "batch"])
async def test_a_live_utterance_whose_client_leaves(engine: str) -> None:
    async with engines() as made:
        session = await open_session(made, engine)
        heard = Heard(made, session)
        for count in (1, 2):
            heard.audio.write(sound(1.0))
            await heard.until(TranscriptPartial, count)
        heard.task.cancel()
        await asyncio.wait([heard.task])
        assert heard_by(heard.context) == pytest.approx(2.0)
        await session.aclose()


async def test_a_live_utterance_whose_engine_fails() -> None:
    async with engines() as made:
        session = await open_session(made, "batch")
        fail(made)
        heard = Heard(made, session)
        heard.audio.write(sound(1.5))
        with pytest.raises(STTSError):
            await heard.end()
        assert heard_by(heard.context) == pytest.approx(1.5)
        await session.aclose()


@pytest.mark.parametrize("engine", ["quick", "batch"])
async def test_a_pushed_utterance_counts_once_though_it_is_taken_again(engine: str) -> None:
    async with engines() as made:
        await made.load("batch")
        session = await open_session(made, engine)
        GATE.clear()
        heard = Heard(made, session, lambda: 0.0)
        heard.audio.write(sound(4.0))
        heard.audio.close()
        await until(lambda: heard.audio.waiting == 0)
        heard.task.cancel()
        GATE.set()
        await asyncio.wait([heard.task])
        assert heard_by(heard.context) == pytest.approx(4.0)
        await session.aclose()
