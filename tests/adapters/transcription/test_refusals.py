"""Refusals of what no engine that listens can do name none of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.descriptions import EngineDescription
from adapters.transcription.refusals import MULTILINGUAL, refusal_of_ears
from stts.engine_api import Abilities
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


async def test_languages_of_which_none_is_known_are_refused_by_their_own_name(house: House) -> None:
    told = await refusal(house, TranscriptionConfig(languages=("ja", "ko")))
    assert told.message == "No engine that `auto` takes here understands any of these languages."
    assert told.param == "languages" and told.allowed is not None and "auto" not in told.allowed
    told = await refusal(house, TranscriptionConfig("d", languages=("ja", "ko")))
    assert (told.message, told.param) == ("d knows none of these languages.", "languages")


def without_translation(house: House) -> list[EngineDescription]:
    return [
        replace(each, info=replace(each.info, abilities=replace(each.info.abilities, translation=False)))
        for each in house.engines.catalogue.descriptions("stt")
    ]


@pytest.mark.parametrize(("asked", "named"), [(["d", "e"], False), (["d"], False), (["d"], True)])
@pytest.mark.parametrize(
    "config",
    [
        TranscriptionConfig(language="ja"),
        TranscriptionConfig(languages=("ja", "ko")),
        TranscriptionConfig(task="translate"),
    ],
)
async def test_where_none_can_the_model_that_would_is_told(
    house: House, config: TranscriptionConfig, asked: list[str], *, named: bool
) -> None:
    param = "task" if config.task == "translate" else "language" if config.language else "languages"
    refused = InvalidParameter("d cannot.", param=param, allowed=["x"])
    told = refusal_of_ears(refused, config, asked, ["d", "e"], without_translation(house), named=named)
    assert told.param == param and told.message.endswith(MULTILINGUAL)
    assert ("`auto`" in told.message) != named


@pytest.mark.parametrize(
    ("config", "param"),
    [
        (TranscriptionConfig(task="translate"), "task"),
        (TranscriptionConfig(word_timestamps=True), "word_timestamps"),
        (TranscriptionConfig(language="en"), "language"),
    ],
)
async def test_who_else_here_does_it_is_told(house: House, config: TranscriptionConfig, param: str) -> None:
    engines = [
        replace(each, info=replace(each.info, abilities=Abilities(translation=True, word_times=True)))
        if each.name == "e"
        else replace(each, info=replace(each.info, abilities=Abilities(), languages=("de",)))
        for each in house.engines.catalogue.descriptions("stt")
    ]
    told = refusal_of_ears(InvalidParameter("d cannot.", param=param), config, ["d"], ["d", "e"], engines, named=True)
    assert told.message == "d cannot. `e` does, and so `auto`."


async def test_an_engine_that_is_named_speaks_for_itself(house: House) -> None:
    told = await refusal(house, TranscriptionConfig("d", language="ja"))
    assert told.message.startswith("d does not know this language.")


def test_other_refusals_stay_as_they_are() -> None:
    other = InvalidParameter("Below 1.", param="temperature")
    assert refusal_of_ears(other, TranscriptionConfig(), ["d", "e"], [], []) is other
