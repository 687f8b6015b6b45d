"""A cache key is the same for the same sound, and another for every difference that can be heard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from stts.engine_api import SpeechParams, Voice
from stts.plans import PlanBasis, SpeechPlan
from stts.settings import Settings
from stts.speech import AudioOutput, EffectSettings, SynthesisConfig

OUTPUT = AudioOutput("wav", "audio/wav", 22_050, 1)
PLAN = SpeechPlan(SynthesisConfig(), "espeak", Voice("en-us", "English"), SpeechParams("en-US"), 22_050, OUTPUT)


class Extra(BaseModel):
    pitch: int = 50


@pytest.mark.parametrize(
    "change",
    [
        {"instance": "espeak2"},
        {"model": "large"},
        {"revision": "ab"},
        {"voice": Voice("en-gb")},
        {"voice": Voice("en-us", reference="references/anna.wav")},
        {"voice": Voice("en-us", reference="references/anna.wav", digest="ab")},
        {"params": SpeechParams("en-GB")},
        {"params": SpeechParams("en-US", speed=1.5)},
        {"params": SpeechParams("en-US", seed=3)},
        {"params": SpeechParams("en-US", extra=Extra())},
        {"sample_rate": 24_000},
        {"output": replace(OUTPUT, format="mp3")},
        {"output": replace(OUTPUT, sample_rate=8000)},
        {"output": replace(OUTPUT, channels=2)},
        {"effects": EffectSettings(speed=1.1)},
        {"effects": EffectSettings(pitch=1.0)},
        {"effects": EffectSettings(normalize=-16.0)},
        {"effects": EffectSettings(trim_silence=True)},
        {"speak_markup": False},
    ],
)
def test_what_is_heard_is_in_the_key(change: dict[str, Any]) -> None:
    assert replace(PLAN, **change).key("hello") != PLAN.key("hello")


def test_a_recording_is_known_by_its_content_and_not_by_its_place() -> None:
    def key(voice: Voice) -> str | None:
        return replace(PLAN, voice=voice).key("hello")

    anna = Voice("anna.wav", reference="a/anna.wav", digest="ab")
    assert key(anna) == key(Voice("ann.wav", reference="b/ann.wav", digest="ab"))
    assert key(anna) != key(replace(anna, digest="cd")) and key(anna) != key(replace(anna, revision="v2"))


def test_the_text_is_in_the_key() -> None:
    assert PLAN.key("hello") != PLAN.key("hello ")
    assert PLAN.key("half \ud800")


@pytest.mark.parametrize(
    "change",
    [
        {"asked": SynthesisConfig(engine="espeak", voice="alloy")},
        {"voice": Voice("en-us", "another name")},
        {"alternatives": ("tone",)},
        {"warnings": ("another voice speaks",)},
        {"exact": False},
        {"basis": PlanBasis(Settings(), ("espeak",))},
    ],
)
def test_how_it_came_about_is_not(change: dict[str, Any]) -> None:
    assert replace(PLAN, **change).key("hello") == PLAN.key("hello")


def test_a_user_s_recording_is_that_user_s_alone() -> None:
    plans = [replace(PLAN, owner=owner) for owner in (None, "0123456789abcdef", "0123456789abcde0")]
    assert len({plan.key("hello") for plan in plans}) == len({plan.sentence_key("hello") for plan in plans}) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"instance": "espeak2"},
        {"model": "large"},
        {"revision": "ab"},
        {"voice": Voice("en-gb")},
        {"voice": Voice("en-us", reference="references/anna.wav")},
        {"voice": Voice("en-us", digest="ab")},
        {"voice": Voice("en-us", revision="ab")},
        {"params": SpeechParams("en-GB")},
        {"params": SpeechParams("en-US", speed=1.5)},
        {"params": SpeechParams("en-US", seed=3)},
        {"params": SpeechParams("en-US", extra=Extra())},
        {"sample_rate": 24_000},
    ],
)
def test_what_the_engine_is_told_is_in_the_key_of_a_sentence(change: dict[str, Any]) -> None:
    assert replace(PLAN, **change).sentence_key("hello") != PLAN.sentence_key("hello")


@pytest.mark.parametrize(
    "change",
    [
        {"output": replace(OUTPUT, format="mp3", sample_rate=8000, channels=2)},
        {"effects": EffectSettings(1.1, 1.0, -16.0, trim_silence=True, level=-20.0, own_level=-18.0)},
        {"speak_markup": False},
    ],
)
def test_what_is_done_after_it_is_not(change: dict[str, Any]) -> None:
    assert replace(PLAN, **change).sentence_key("hello") == PLAN.sentence_key("hello")


def test_a_sentence_is_no_answer() -> None:
    assert PLAN.sentence_key("hello") != PLAN.sentence_key("hello ") != PLAN.key("hello ")
    assert PLAN.sentence_key("half \ud800")
