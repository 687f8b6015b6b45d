"""Listening to several recordings at once: nobody holds what others need while waiting for something else."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from engines.registry import GROUP, Registry
from stts.context import RequestContext
from stts.engine_api import EngineInfo, EngineLimits, ListenParams, Progress, Samples, Segment, STTEngine
from stts.plans import ListenRequest
from stts.settings import LimitSettings, Settings, STTSettings
from stts.text.transcript import collect_transcript
from stts.transcription import AudioData, TranscriptDone, TranscriptionConfig, TranscriptSegment
from tests.audio import decoded, encoded, speech
from tests.patient import PATIENCE
from tests.wired import Engines

LONG_SECONDS = 4.0


class GateEngine(STTEngine):
    """Hears one word in every region; with long ones it waits until the gate is open."""

    gate = threading.Event()

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("gate", "stt", "", limits=EngineLimits(max_seconds=8.0, concurrency=2))

    def load(self, progress: Progress) -> None: ...

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        if len(samples) / 16_000 > LONG_SECONDS:
            self.gate.wait(PATIENCE)
        yield Segment("word", 0.0, len(samples) / 16_000)


@pytest.fixture
async def engines() -> AsyncIterator[Engines]:
    """One recording at a time may be decoded and searched."""
    GateEngine.gate.clear()
    settings = Settings(
        stt=STTSettings(order=("gate",)), limits=LimitSettings(decoders=1, queue_seconds=PATIENCE, audio_seconds=600.0)
    )
    made = Engines(Registry([EntryPoint("gate", f"{__name__}:GateEngine", GROUP)]), lambda: settings)
    for name in ("gate", "silero"):  # a load and the probe after it take a slot too
        await made.load(name)
    yield made
    GateEngine.gate.set()
    await made.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what engines in threads have done has no event
            await asyncio.sleep(0.01)


def recording(*parts: Samples) -> ListenRequest:
    data = encoded(np.concatenate(parts))
    return ListenRequest(AudioData(io.BytesIO(data), len(data)), TranscriptionConfig())


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * 16_000), np.float32)


SHORT = decoded(speech("kitchen.flac"))[0]
LONG = np.concatenate([decoded(speech("numbers.opus"))[0][::3]] * 2)
"""48 kHz taken at every third sample: 16 kHz; almost without a pause."""


async def test_a_short_clip_does_not_wait_for_a_long_recording(engines: Engines) -> None:
    context = RequestContext("stt")
    long = asyncio.ensure_future(collect_transcript(engines.listen(context, recording(LONG, silence(3.0), LONG))))
    await until(lambda: engines.instance("gate").running > 0)
    short = await collect_transcript(engines.listen(RequestContext("stt"), recording(SHORT)))
    assert short.text == "word"
    assert not long.done()
    GateEngine.gate.set()
    assert (await asyncio.wait_for(long, PATIENCE)).text.startswith("word word")


async def test_a_client_that_does_not_read_holds_no_slot(engines: Engines) -> None:
    GateEngine.gate.set()
    events = engines.listen(RequestContext("stt"), recording(SHORT, silence(1.0), SHORT))
    assert isinstance(await anext(events), TranscriptSegment)
    await until(lambda: not (engines.instance("gate").running or engines.instance("silero").running))
    rest = [event async for event in events]
    assert isinstance(rest[-1], TranscriptDone)


async def test_a_client_that_leaves_frees_both_slots(engines: Engines) -> None:
    events = engines.listen(RequestContext("stt"), recording(LONG))
    waiting = asyncio.ensure_future(anext(events))
    await until(lambda: engines.instance("gate").running > 0)
    waiting.cancel()
    GateEngine.gate.set()
    await asyncio.wait([waiting])
    await events.aclose()
    assert (engines.instance("gate").running, engines.instance("silero").running) == (0, 0)


async def test_times_are_those_of_the_recording_across_turns(engines: Engines) -> None:
    GateEngine.gate.set()
    result = await collect_transcript(engines.listen(RequestContext("stt"), recording(silence(130.0), SHORT)))
    (segment,) = result.segments
    assert segment.start == pytest.approx(130.3, abs=0.5)
    assert result.duration == pytest.approx(130.0 + len(SHORT) / 16_000, abs=0.1)


async def test_word_times_that_are_only_preferred_are_left_out_where_there_are_none(engines: Engines) -> None:
    GateEngine.gate.set()
    work = recording(SHORT)
    work = replace(work, config=TranscriptionConfig(prefer_word_times=True))
    result = await collect_transcript(engines.listen(RequestContext("stt"), work))
    assert result.text == "word"
    assert result.segments[0].words == ()
