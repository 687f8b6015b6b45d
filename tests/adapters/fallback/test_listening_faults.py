"""An ear that fails before its first words is stood in for by the next, which hears it all from the beginning."""

from __future__ import annotations

import io

import pytest

from stts.errors import EngineError
from stts.transcription import AudioData, TranscriptSegment
from tests.adapters.fallback.conftest import House
from tests.adapters.fallback.frail_engines import FAULTS, GATE
from tests.audio import speech


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
    house.set(first_seconds=0.5)
    FAULTS["d"] = "hang"
    assert words(await house.listen(recording())) == {"e"}
    GATE.set()


async def test_after_the_first_words_nothing_is_tried_again(house: House) -> None:
    FAULTS["d"] = "middle"
    with pytest.raises(EngineError):
        await house.listen(recording())
    assert house.failures("d") == 1


async def test_a_named_ear_is_not_replaced(house: House) -> None:
    FAULTS["d"] = "raise"
    with pytest.raises(EngineError):
        await house.listen(recording(), engine="d")
