"""Engines are given the words of the dictionary; listeners are told the words that were written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from adapters.speech.dictionaries import ServerDictionaries, plan_dictionary
from stts.cache.sentences import StoredSentences
from stts.cache.store import CacheStore
from stts.context import Priority, RequestContext
from stts.engine_api import Voice
from stts.plans import SpeechPlan, SpeechRequest
from stts.protocols import LibraryVoice
from stts.settings import Settings, TTSSettings
from stts.speech import SynthesisConfig
from stts.streams.live import LiveText
from tests.adapters.speech.counting_engine import CALLS, registry
from tests.patience import PATIENCE
from tests.wired import Engines

TEXT = "STTS is its name. It came from New York."


class House:
    """An engine that notes what it is given, with dictionaries of the server and kept sentences."""

    def __init__(self, dictionaries: dict[str, dict[str, str]], **options: Any) -> None:
        self.settings = Settings.model_validate(
            {
                "tts": {"detect_language": False, "order": ["counting"], "dictionaries": dictionaries},
                "engines": {"options": {"counting": options}},
                "cache": {},
            }
        )
        sentences = StoredSentences(CacheStore(lambda: self.settings), lambda: self.settings)
        self.engines = Engines(registry(), lambda: self.settings, sentences=sentences)

    async def speak(self, text: str | LiveText = TEXT, **config: Any) -> list[str]:
        """The texts that the chunks tell."""
        context = RequestContext("tts", priority=Priority.STREAM)
        request = SpeechRequest(text, SynthesisConfig(engine="counting", format="pcm", **config))
        async with asyncio.timeout(PATIENCE), aclosing(self.engines.speak(context, request)) as chunks:
            return [chunk.text async for chunk in chunks if chunk.text]

    async def plan(self, **config: Any) -> SpeechPlan:
        return await self.engines.selection.plan_speech(SynthesisConfig(engine="counting", **config))


@pytest.fixture(autouse=True)
def calls() -> Iterator[None]:
    CALLS.clear()
    yield
    CALLS.clear()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House({"en": {"STTS": "S T T S"}})
    yield house
    await house.engines.close()


def given() -> list[str]:
    """Texts of all calls of the engine since it was asked before."""
    texts = [text for _, text in CALLS]
    CALLS.clear()
    return texts


async def test_the_engine_is_given_the_spoken_form_and_the_listener_is_told_the_words(house: House) -> None:
    told = await house.speak()
    assert given() == ["S T T S is its name.", "It came from New York."]
    assert " ".join(told) == TEXT


async def test_only_sentences_that_sound_otherwise_are_spoken_anew(house: House) -> None:
    await house.speak()
    given()
    await house.speak(dictionary={"New York": "Nju Jork"})
    assert given() == ["It came from Nju Jork."]
    await house.speak(dictionary={"Nobody": "anybody"})
    assert given() == []
    await house.speak(dictionary={"STTS": "stits"})
    assert given() == ["stits is its name."]
    await house.speak()
    assert given() == []


async def test_the_settings_of_the_moment_count(house: House) -> None:
    await house.speak()
    given()
    tts = TTSSettings.model_validate({"order": ("counting",), "detect_language": False})
    house.settings = house.settings.model_copy(update={"tts": tts})
    await house.speak()
    assert given() == ["STTS is its name."]


@pytest.mark.parametrize("cut", [1, 3, 10, 100])
async def test_a_text_that_is_being_written_is_spoken_alike(house: House, cut: int) -> None:
    text = LiveText(10_000)
    spoken = asyncio.create_task(house.speak(text, dictionary={"New York": "Nju Jork"}))
    for start in range(0, len(TEXT), cut):
        text.write(TEXT[start : start + cut])
        await asyncio.sleep(0)
    text.close()
    assert " ".join(await spoken) == TEXT
    assert " ".join(given()) == "S T T S is its name. It came from Nju Jork."


async def test_markup_goes_first(house: House) -> None:
    told = await house.speak("Try **STTS** at [STTS](http://STTS.example)!")
    assert given() == ["Try S T T S at S T T S!"]
    assert told == ["Try STTS at STTS!"]


async def test_what_has_become_too_long_for_the_engine_is_cut_again() -> None:
    house = House({}, most=40)
    spoken = "one two three four five six seven eight nine ten"
    told = await house.speak("Count it for me, please.", dictionary={"it": spoken})
    texts = given()
    assert all(len(text) <= 40 for text in texts) and " ".join(texts) == f"Count {spoken} for me, please."
    assert " ".join(told) == "Count it for me, please."
    await house.engines.close()


async def test_keys_are_over_what_is_heard(house: House) -> None:
    plans = [
        await house.plan(),
        await house.plan(dictionary={"STTS": "stits"}),
        await house.plan(dictionary={"unheard": "of"}),
        await house.plan(language="de"),
    ]
    assert plans[0].dictionary != plans[1].dictionary != plans[2].dictionary and plans[3].dictionary is None
    server, own, other = (plan.key(TEXT) for plan in plans[:3])
    assert server == other != own, "an entry that is not heard changes nothing"
    plain = replace(plans[0], dictionary=None)
    assert plain.key(TEXT) not in (server, own) and plain.key("Nothing.") == plans[0].key("Nothing.")
    assert plain.sentence_key("S T T S.") == plans[0].sentence_key("STTS.") != plain.sentence_key("STTS.")


def test_of_several_dictionaries_the_nearest_counts() -> None:
    settings = TTSSettings.model_validate(
        {"dictionaries": {"*": {"a": "all", "b": "all"}, "en": {"b": "en", "c": "en"}, "en-GB": {"c": "gb"}}}
    )
    server = ServerDictionaries().of(settings)

    def spoken(language: str | None, voice: dict[str, str], request: dict[str, str]) -> str:
        stored = LibraryVoice(Voice("anna"), dictionary=voice)
        dictionary = plan_dictionary(SynthesisConfig(dictionary=request), stored, server, language)
        return "" if dictionary is None else dictionary.respell("a b c d")

    assert spoken("en-GB", {}, {}) == "all en gb d"
    assert spoken("en-us", {}, {}) == "all en en d"
    assert spoken("de", {}, {}) == spoken(None, {}, {}) == "all all c d"
    assert spoken("en-GB", {"a": "voice", "d": "voice"}, {"d": "request"}) == "voice en gb request"
    nobody = plan_dictionary(SynthesisConfig(), None, ServerDictionaries().of(TTSSettings()), "en")
    assert nobody is plan_dictionary(SynthesisConfig(), None, None, None) is None
    assert server.of(settings) is server and server.of(TTSSettings()).layers("en") == ()


def test_the_settings_name_languages() -> None:
    wrongs: list[dict[str, dict[str, str]]] = [{"English": {}}, {"xx": {"a": "b"}}, {"en": {"": "b"}}]
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"BCP 47|entry 1"):
            TTSSettings.model_validate({"dictionaries": wrong})
