from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from adapters.speech.marking import is_marked_here, require_watermark
from adapters.speech.plan import SpeechRules, plan_speech
from adapters.speech.voice_choice import VoiceRules
from stts.audio.watermark import weights
from stts.engine_api import EngineInfo
from stts.errors import EngineLoadFailed, EngineNotInstalled
from stts.plans import SpeechPlan
from stts.settings import Settings, WatermarkSettings
from stts.speech import SynthesisConfig
from tests.fakes import ToneEngine
from tests.wired import Library

PLAIN = EngineInfo(name="plain", kind="tts", description="")
MARKING = replace(PLAIN, watermarked=True)


@pytest.mark.parametrize(
    ("policy", "info", "pitch", "marked"),
    [
        ("off", PLAIN, 0.0, False),
        ("engine", PLAIN, 0.0, False),
        ("engine", MARKING, 0.0, False),
        ("always", PLAIN, 0.0, True),
        ("always", PLAIN, 2.0, True),
        ("always", MARKING, 0.0, False),
        ("always", MARKING, 2.0, True),
    ],
)
def test_the_policy_says_whose_speech_is_marked(policy: str, info: EngineInfo, pitch: float, marked: bool) -> None:
    assert is_marked_here(policy, info, pitch) is marked


async def planned(policy: str) -> SpeechPlan:
    rules = SpeechRules("tone", VoiceRules(Library()), watermark=policy)
    return await plan_speech(ToneEngine(), SynthesisConfig(), rules)


async def test_marked_speech_has_another_key_in_the_cache_and_the_same_sentences() -> None:
    plain, marked, off = await planned("engine"), await planned("always"), await planned("off")
    assert marked.watermark and not plain.watermark
    assert plain.key("Hello") != marked.key("Hello")
    assert plain.key("Hello") == off.key("Hello")
    assert plain.sentence_key("Hello") == marked.sentence_key("Hello")


def settings(policy: object = "always", path: Path | None = None) -> Settings:
    fields = {"policy": policy, "weights": None if path is None else str(path)}
    return Settings(watermark=WatermarkSettings.model_validate(fields))


def test_off_is_a_word_in_yaml_too() -> None:
    assert settings(False).watermark.policy == "off"


async def test_without_the_weights_nothing_is_spoken_where_all_is_to_be_marked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await require_watermark(settings())
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package")
    with pytest.raises(EngineNotInstalled, match="watermark"):
        await require_watermark(settings())
    await require_watermark(settings("engine"))
    await require_watermark(settings("off"))
    damaged = tmp_path / "weights"
    damaged.write_bytes(b"no weights")
    with pytest.raises(EngineLoadFailed):
        await require_watermark(settings(path=damaged))


class AskedParameters(BaseModel):
    watermark: bool = True


class AskedEngine(ToneEngine):
    """Marks its speech unless it is asked not to."""

    Parameters = AskedParameters  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("policy", "given", "told"),
    [
        ("off", {}, False),
        ("off", {"watermark": True}, True),
        ("engine", {}, True),
        ("engine", {"watermark": False}, False),
        ("always", {}, True),
    ],
)
async def test_engines_that_can_are_asked_not_to_mark(policy: str, given: dict[str, bool], told: bool) -> None:
    rules = SpeechRules("asked", VoiceRules(Library()), watermark=policy)
    plan = await plan_speech(AskedEngine(), SynthesisConfig(parameters=dict(given)), rules)
    assert plan.params.extra == AskedParameters(watermark=told)
