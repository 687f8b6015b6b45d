"""An ear that fails before its first words is stood in for by the next, which hears it all from the beginning."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator

import pytest

from adapters.transcription.adapter import EngineSTTAdapter
from stts.context import RequestContext
from stts.errors import EngineError, EngineTimeout
from stts.plans import TranscriptionPlan
from stts.transcription import AudioData, TranscriptDone, TranscriptEvent, TranscriptionConfig, TranscriptSegment
from tests.adapters.fallback.conftest import House
from tests.adapters.fallback.frail_engines import FAULTS, GATE, STARTED
from tests.audio import speech
from tests.patience import PATIENCE
from tests.skipping import skip


def recording() -> AudioData:
    data = speech("weather.flac")
    return AudioData(io.BytesIO(data), len(data))


def words(events: object) -> set[str]:
    assert isinstance(events, list)
    return {event.segment.text for event in events if isinstance(event, TranscriptSegment)}


async def test_the_first_ear_hears_it(house: House) -> None:
    assert words(await house.listen(recording())) == {"d"}
    assert house.engines.catalogue.instance("d").real_time_factor is not None


@pytest.mark.parametrize("fault", ["raise", "load"])
async def test_the_next_ear_hears_it_in_its_place(house: House, fault: str) -> None:
    FAULTS["d"] = fault
    assert words(await house.listen(recording())) == {"e"}
    assert house.context.output_data.engine == "e"
    assert house.context.output_data.fallback is not None
    assert house.context.warnings
    assert house.failures("d") == 1


async def test_an_ear_that_hangs_is_given_up(house: House) -> None:
    for name in "de":
        await house.listen(recording(), engine=name)
        # Returns when the probe after the load is over, which would hang as well.
        await house.engines.load(name)
    # Skipped time is that of all: what finds speech meanwhile is not to be given up.
    patient = {"queue_seconds": 3600.0, "first_seconds": 7200.0, "call_seconds": 7200.0, "total_seconds": 36_000.0}
    limits = house.settings.limits.model_copy(update=patient)
    house.settings = house.settings.model_copy(update={"limits": limits})
    FAULTS["d"] = "hang"
    listening = asyncio.create_task(house.listen(recording()))
    assert await asyncio.to_thread(STARTED.wait, PATIENCE)
    health = house.engines.catalogue.health.of("d")
    real = health.clock
    health.clock = lambda: real() + 1800.0
    skip(1800.0)
    assert words(await listening) == {"e"}
    assert house.context.output_data.fallback == "engine_timeout"
    GATE.set()


async def test_an_ear_that_was_given_up_and_the_next_read_the_recording_side_by_side(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, files = speech("weather.flac"), []

    async def transcribe(
        adapter: EngineSTTAdapter, plan: TranscriptionPlan, audio: AudioData, context: RequestContext
    ) -> AsyncGenerator[TranscriptEvent, None]:
        files.append(audio.file)
        assert audio.size == len(data)
        if len(files) == 1:
            assert audio.file.read(10) == data[:10]
            raise EngineTimeout("It is given up, and reads on.")
        assert (audio.file.tell(), audio.file.read(5)) == (0, data[:5])
        assert files[0].read(5) == data[10:15]
        assert audio.file.read(5) == data[5:10]
        assert (files[0].seek(-5, io.SEEK_END), files[0].read()) == (len(data) - 5, data[-5:])
        assert (audio.file.seek(3, io.SEEK_CUR), audio.file.seekable(), audio.file.readable()) == (13, True, True)
        yield TranscriptDone(0.0, None)

    monkeypatch.setattr(EngineSTTAdapter, "transcribe", transcribe)
    assert await house.listen(recording()) == [TranscriptDone(0.0, None)]
    assert len(files) == 2


async def test_after_the_first_words_nothing_is_tried_again(house: House) -> None:
    FAULTS["d"] = "middle"
    with pytest.raises(EngineError):
        await house.listen(recording())
    assert house.failures("d") == 1


async def test_a_named_ear_is_not_replaced(house: House) -> None:
    FAULTS["d"] = "raise"
    with pytest.raises(EngineError):
        await house.listen(recording(), engine="d")


async def test_a_plan_names_the_model_that_listens(house: House) -> None:
    plan = await house.engines.selection.plan_transcription(TranscriptionConfig())
    (model,) = house.engines.instance(plan.instance).engine.models()
    assert plan.model == model.id != ""
