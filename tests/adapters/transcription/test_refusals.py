"""Refusals of what no engine that listens can do name none of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.transcription.refusals import MULTILINGUAL, refusal_of_ears
from stts.errors import InvalidParameter
from stts.transcription import TranscriptionConfig
from tests.adapters.fallback.conftest import House


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    yield made
    await made.engines.close()


async def refusal(house: House, config: TranscriptionConfig) -> InvalidParameter:
    with pytest.raises(InvalidParameter) as raised:
        await house.engines.selection.plan_transcription(config)
    return raised.value


async def test_a_language_that_none_understands_is_not_one_that_the_last_does_not_know(house: House) -> None:
    told = await refusal(house, TranscriptionConfig(language="ja"))
    assert told.message == "No engine that `auto` takes here understands this language."
    assert told.param == "language" and told.allowed is not None and "en" in told.allowed


@pytest.mark.parametrize("asked", [["d", "e"], ["d"]])
@pytest.mark.parametrize(("param", "word"), [("language", "understands"), ("task", "translates")])
async def test_where_none_translates_the_model_that_would_is_told(
    house: House, param: str, word: str, asked: list[str]
) -> None:
    ears = [
        replace(each, info=replace(each.info, abilities=replace(each.info.abilities, translation=False)))
        for each in house.engines.catalogue.descriptions("stt")
    ]
    told = refusal_of_ears(InvalidParameter("d cannot.", param=param), asked, ears).message
    assert word in told and told.endswith(MULTILINGUAL)


async def test_an_engine_that_is_named_speaks_for_itself(house: House) -> None:
    assert (await refusal(house, TranscriptionConfig("d", language="ja"))).message.startswith(
        "d does not know this language."
    )


def test_other_refusals_stay_as_they_are() -> None:
    other = InvalidParameter("d has no word times.", param="word_timestamps")
    assert refusal_of_ears(other, ["d", "e"], []) is other
