"""Sentences that were spoken before are heard again, and only the new ones are spoken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import numpy as np
import pytest

from stts.access.key_text import KeyText
from stts.access.principal import ANONYMOUS, key_holder
from stts.audio.level import active_level
from stts.cache.sentences import StoredSentences
from stts.cache.store import CacheStore
from stts.context import Priority, RequestContext, RequestFacts
from stts.engine_api import Samples
from stts.errors import EngineError
from stts.plans import SpeechRequest
from stts.settings import InstanceSettings, Settings
from stts.speech import SynthesisConfig
from stts.streams.live import LiveText
from tests.adapters.speech.counting_engine import CALLS, FAILING, RATE, registry
from tests.patience import PATIENCE
from tests.stts.access.keys import new_key
from tests.wired import Engines

SENTENCES = (
    "The museum opens on Mondays.",
    "Dr. Patel read the results aloud.",
    "Nobody had asked for them!",
    "Would you like some tea?",
    "It rained all night.",
    "The buses ran late, as always.",
    "She laughed at her own joke.",
    "A mechanic listened to the engine.",
    "Scientists measured the lake.",
    "Good night, and sleep well.",
)
TEXT = " ".join(SENTENCES)
NEW = "This one is new."
FEW_MILLISECONDS = 0.005


class House:
    """Engines over one store, which other houses may share."""

    def __init__(self, store: CacheStore, settings: Settings) -> None:
        self.settings = settings
        self.store = store
        sentences = StoredSentences(store, lambda: self.settings)
        self.engines = Engines(registry(), lambda: self.settings, sentences=sentences)
        self.context = RequestContext("tts")
        self.texts: list[str] = []

    async def speak(self, text: str | LiveText = TEXT, **config: Any) -> bytes:
        """The answer; `texts` are those that its chunks tell."""
        priority = config.pop("priority", Priority.COLLECTED)
        facts = RequestFacts(cache=config.pop("cache", "any"))
        principal = config.pop("principal", ANONYMOUS)
        self.context = RequestContext("tts", principal=principal, priority=priority, input_data=facts)
        self.texts.clear()
        request = SpeechRequest(text, SynthesisConfig(**{"engine": "counting", "format": "pcm", **config}))
        spoken: list[bytes] = []
        async with asyncio.timeout(PATIENCE), aclosing(self.engines.speak(self.context, request)) as chunks:
            async for chunk in chunks:
                spoken.append(chunk.data)
                self.texts += [chunk.text] if chunk.text else []
        return b"".join(spoken)


def settings_with(cache: dict[str, Any] | None = None, **options: Any) -> Settings:
    return Settings.model_validate(
        {
            "tts": {"detect_language": False, "order": ["counting"]},
            "engines": {"options": {"counting": options}},
            "cache": cache or {},
        }
    )


@pytest.fixture(autouse=True)
def calls() -> Iterator[list[str]]:
    CALLS.clear()
    FAILING.clear()
    yield []
    FAILING.clear()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = house_with()
    yield made
    await made.engines.close()


def house_with(cache: dict[str, Any] | None = None, **options: Any) -> House:
    settings = settings_with(cache, **options)
    return House(CacheStore(lambda: settings), settings)


def asked() -> list[str]:
    """Texts of all calls since it was asked before."""
    texts = [text for _, text in CALLS]
    CALLS.clear()
    return texts


def samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def assert_alike(one: bytes, other: bytes) -> None:
    """The same sound in the same order, of the same length within a few milliseconds."""
    first, second = samples(one), samples(other)
    assert abs(len(first) - len(second)) <= FEW_MILLISECONDS * RATE
    length = min(len(first), len(second))
    assert np.abs(first[:length] - second[:length]).max() < 2e-3


async def test_of_ten_sentences_of_which_nine_are_known_one_is_spoken(house: House) -> None:
    new = " ".join([*SENTENCES[:4], NEW, *SENTENCES[5:]])
    await house.speak()
    assert asked() == list(SENTENCES)
    again = await house.speak(new)
    assert asked() == [NEW]
    assert house.texts == [*SENTENCES[:4], NEW, *SENTENCES[5:]]
    assert house.context.metrics.characters == len(new)
    fresh, without = house_with(), house_with({"sentences": False})
    assert_alike(again, await fresh.speak(new))
    # An engine that is given all of it at once makes the same of it, without a fade at each seam.
    assert abs(len(again) - len(await without.speak(new))) / 2 <= FEW_MILLISECONDS * RATE
    for each in (fresh, without):
        await each.engines.close()


@pytest.mark.parametrize("priority", [Priority.REALTIME, Priority.STREAM, Priority.COLLECTED])
async def test_a_text_that_is_all_known_sounds_as_it_did(house: House, priority: Priority) -> None:
    first = await house.speak()
    CALLS.clear()
    assert_alike(first, await house.speak(priority=priority))
    assert asked() == [] and house.texts == list(SENTENCES)


@pytest.mark.parametrize(
    "config",
    [
        {"format": "mp3"},
        {"format": "wav", "sample_rate": 48_000, "channels": 2},
        {"normalize": -20.0},
        {"pitch": 2.0},
        {"trim_silence": True},
        {"speed": 3.0},
    ],
)
async def test_what_is_done_after_the_engine_uses_it_again(house: House, config: dict[str, Any]) -> None:
    await house.speak()
    CALLS.clear()
    assert await house.speak(**config)
    assert asked() == []


@pytest.mark.parametrize("config", [{"voice": "ben"}, {"language": "de"}, {"seed": 7}, {"speed": 1.5}])
async def test_what_the_engine_is_told_is_another_sound(house: House, config: dict[str, Any]) -> None:
    await house.speak()
    CALLS.clear()
    await house.speak(**config)
    assert asked() == list(SENTENCES)


async def test_parameters_of_the_engine_are_another_sound(house: House) -> None:
    """They may say what lies between sentences, so that it is given several at once."""
    await house.speak()
    CALLS.clear()
    await house.speak(parameters={"octave": 1})
    assert asked() == [TEXT]
    await house.speak(SENTENCES[0], parameters={"octave": 1})
    await house.speak(SENTENCES[0], parameters={"octave": 1})
    assert asked() == [SENTENCES[0]]


async def test_a_known_sentence_in_the_middle_of_a_text_being_written(house: House) -> None:
    await house.speak(SENTENCES[3])
    CALLS.clear()
    text = LiveText(1000)
    text.write(" ".join([SENTENCES[0], SENTENCES[3], SENTENCES[2]]))
    text.close()
    live = await house.speak(text, priority=Priority.REALTIME)
    assert asked() == [SENTENCES[0], SENTENCES[2]]
    assert house.texts == [SENTENCES[0], SENTENCES[3], SENTENCES[2]]
    whole = await house.speak(" ".join([SENTENCES[0], SENTENCES[3], SENTENCES[2]]))
    assert asked() == []
    assert_alike(live, whole)


async def test_a_client_may_want_none_of_it(house: House) -> None:
    await house.speak(SENTENCES[0])
    await house.speak(f"{SENTENCES[0]} {NEW}", cache="none")
    assert asked() == [SENTENCES[0], f"{SENTENCES[0]} {NEW}"]
    await house.speak(f"{SENTENCES[0]} {NEW}")
    assert asked() == [NEW]


async def test_a_key_may_keep_out_of_it(house: House) -> None:
    private = key_holder(new_key(KeyText.new(), cache=False))
    await house.speak(SENTENCES[0])
    for _ in range(2):
        await house.speak(f"{SENTENCES[0]} {NEW}", principal=private)
    assert asked() == [SENTENCES[0]] + [f"{SENTENCES[0]} {NEW}"] * 2
    await house.speak(f"{SENTENCES[0]} {NEW}")
    assert asked() == [NEW]


async def test_a_client_may_have_it_spoken_anew(house: House) -> None:
    await house.speak(TEXT)
    CALLS.clear()
    await house.speak(TEXT, cache="renew")
    assert asked() == list(SENTENCES)
    await house.speak(TEXT)
    assert asked() == []


async def test_what_only_reads_keeps_nothing(house: House) -> None:
    await house.speak(SENTENCES[0])
    CALLS.clear()
    await house.speak(f"{SENTENCES[0]} {NEW} {NEW}", cache="read")
    assert asked() == [NEW, NEW]
    await house.speak(NEW)
    assert asked() == [NEW]


async def test_what_is_said_twice_in_a_text_is_spoken_once(house: House) -> None:
    await house.speak(f"{SENTENCES[0]} {SENTENCES[1]} {SENTENCES[0]}")
    assert asked() == [SENTENCES[0], SENTENCES[1]]


async def test_a_sentence_that_fails_is_not_kept_and_what_is_known_was_heard(house: House) -> None:
    await house.speak()
    CALLS.clear()
    FAILING.add(NEW)
    with pytest.raises(EngineError):
        await house.speak(f"{SENTENCES[0]} {NEW} {SENTENCES[1]}")
    assert house.texts == [SENTENCES[0], NEW]
    FAILING.clear()
    await house.speak(f"{SENTENCES[0]} {NEW} {SENTENCES[1]}")
    assert asked() == [NEW, NEW]


async def test_another_engine_takes_over_at_the_sentence_that_fails() -> None:
    settings = Settings.model_validate(
        {
            "tts": {"order": ["a", "b"], "detect_language": False},
            "routing": {"voice_may_change": True},
            "cache": {},
            "engines": {
                "instances": {
                    "a": InstanceSettings(engine="counting", options={"id": "a"}),
                    "b": InstanceSettings(engine="counting", options={"id": "b"}),
                }
            },
        }
    )
    house = House(CacheStore(lambda: settings), settings)
    await house.speak(engine="a")
    CALLS.clear()
    FAILING.add(NEW)
    broken = asyncio.ensure_future(
        house.speak(f"{SENTENCES[0]} {NEW} {SENTENCES[1]}", engine="auto", priority=Priority.STREAM)
    )
    with pytest.raises(EngineError):
        await broken
    assert CALLS == [("a", NEW), ("b", NEW)], "what is known of one engine is no other's"
    await house.engines.close()


async def test_a_text_that_is_all_known_needs_no_engine() -> None:
    settings = settings_with()
    store = CacheStore(lambda: settings)
    first, second = House(store, settings), House(store, settings)
    spoken = await first.speak()
    assert_alike(spoken, await second.speak())
    instance = second.engines.instance("counting")
    assert instance.state == "cold" and instance.real_time_factor is None
    assert second.context.metrics.queue is None and second.context.metrics.engine is None
    assert second.context.metrics.audio_seconds == pytest.approx(len(spoken) / 2 / RATE, abs=0.01)
    assert second.context.output_data.voice == "anna"
    for each in (first, second):
        await each.engines.close()


async def test_the_speed_of_the_engine_is_learned_from_what_it_does(house: House) -> None:
    await house.speak()
    factor = house.engines.instance("counting").real_time_factor
    await house.speak()
    assert house.engines.instance("counting").real_time_factor == factor is not None


async def test_a_level_that_nobody_states_is_measured_on_what_is_known_too() -> None:
    settings = settings_with(level=None)
    store = CacheStore(lambda: settings)
    first, second = House(store, settings), House(store, settings)
    await first.speak(SENTENCES[0])
    level = active_level(samples(await second.speak(SENTENCES[0])), RATE)
    assert len(CALLS) == 1 and level == pytest.approx(-20.0, abs=0.2)
    for each in (first, second):
        await each.engines.close()


async def test_a_long_sentence_is_kept_in_its_pieces() -> None:
    house = house_with(most=20)
    long = "The train to Leipzig, which was late as always, did not stop. So be it."
    first = await house.speak(long)
    pieces = asked()
    assert len(pieces) > 2
    assert_alike(first, await house.speak(long))
    assert asked() == [] and " ".join(pieces) == long
    await house.engines.close()


async def test_an_engine_that_takes_several_sentences_stops_before_one_that_is_known() -> None:
    house = house_with(by_sentence=False)
    await house.speak(SENTENCES[2])
    asked()
    await house.speak(" ".join(SENTENCES[:5]))
    assert asked() == [" ".join(SENTENCES[:2]), " ".join(SENTENCES[3:5])]
    await house.engines.close()


async def test_an_engine_that_is_quicker_than_a_look_is_asked() -> None:
    house = house_with(factor=0.003)
    await house.speak(SENTENCES[0])
    await house.speak(SENTENCES[0])
    assert asked() == [SENTENCES[0]] * 2
    await house.engines.close()


async def test_a_store_that_is_full_forgets_the_oldest() -> None:
    house = house_with({"memory_bytes": 150_000})
    for _ in range(2):
        await house.speak()
    assert asked() == list(SENTENCES) * 2
    await house.speak(SENTENCES[-1])
    assert asked() == []
    await house.engines.close()


@pytest.mark.parametrize("cache", [{"sentences": False}, {"enabled": False}, {"hours": 0}, {"entry_bytes": 1024}])
async def test_the_operator_may_have_none_kept(cache: dict[str, Any]) -> None:
    house = house_with(cache)
    await house.speak(SENTENCES[0])
    await house.speak(SENTENCES[0])
    assert asked() == [SENTENCES[0]] * 2
    await house.engines.close()


async def test_whoever_leaves_leaves_nothing_half_made(house: House) -> None:
    request = SpeechRequest(f"{SENTENCES[0]} {TEXT}", SynthesisConfig(engine="counting", format="pcm"))
    for _ in range(2):
        async with aclosing(house.engines.speak(RequestContext("tts"), request)) as chunks:
            assert (await anext(chunks)).data
    CALLS.clear()
    whole = await house.speak()
    fresh = house_with()
    assert_alike(whole, await fresh.speak())
    await fresh.engines.close()
