from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ConfigDict, Field

from adapters.parameters import check_language, validated
from adapters.speech.plan import SpeechRules, plan_speech
from adapters.speech.voice_choice import VoiceRules
from stts.engine_api import Abilities, EngineInfo, Progress, Samples, SpeechParams, TTSEngine, Voice
from stts.errors import InvalidParameter, UnknownVoice
from stts.plans import SpeechPlan
from stts.speech import SynthesisConfig
from tests.wired import Library

INFO = EngineInfo(
    name="speaker",
    kind="tts",
    description="",
    languages=("en-US", "en-GB", "de"),
    voices=(Voice("ann", languages=("en-US",)), Voice("bob", languages=("en-GB",)), Voice("eva", languages=("de",))),
    default_voice="ann",
    abilities=Abilities(speed=(0.5, 2.0), cloning=True),
)


class Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    warmth: float = Field(default=0.5, ge=0, le=1)


def references(name: str) -> Voice | None:
    return Voice("me.wav", reference="references/me.wav") if name == "me.wav" else None


class Speaker(TTSEngine):
    Parameters = Parameters

    @property
    def info(self) -> EngineInfo:
        return INFO

    def load(self, progress: Progress) -> None: ...

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        return iter(())


async def resolve(config: SynthesisConfig, default: str | None = None) -> SpeechPlan:
    return await plan_speech(
        Speaker(), config, SpeechRules("speaker", VoiceRules(Library(references), default=default))
    )


async def test_instructions_that_nobody_follows_are_told() -> None:
    asked = SynthesisConfig(parameters={"instructions": "Softly."}, ignore_unknown_parameters=True)
    assert (await resolve(asked)).warnings == ("instructions were ignored: speaker is not told how to speak",)
    others = SynthesisConfig(parameters={"exaggeration": 0.3}, ignore_unknown_parameters=True)
    assert (await resolve(others)).warnings == (), "a field of another server"


async def test_instructions_that_are_followed_are_nothing_to_tell() -> None:
    class Told(Parameters):
        instructions: str | None = None

    class Actor(Speaker):
        Parameters = Told

    asked = SynthesisConfig(parameters={"instructions": "Softly."}, ignore_unknown_parameters=True)
    plan = await plan_speech(Actor(), asked, SpeechRules("actor", VoiceRules(Library(references))))
    assert plan.warnings == () and plan.params.extra == Told(instructions="Softly.")


@pytest.mark.parametrize(
    ("config", "default", "voice"),
    [
        (SynthesisConfig(), None, "ann"),
        (SynthesisConfig(), "bob", "bob"),
        (SynthesisConfig(language="de"), None, "eva"),
        (SynthesisConfig(language="de-AT"), "bob", "eva"),
        (SynthesisConfig(language="en"), None, "ann"),
        (SynthesisConfig(language="en-GB"), None, "bob"),
        (SynthesisConfig(language="en-GB"), "ann", "ann"),
        (SynthesisConfig(language="en-AU"), None, "ann"),
        (SynthesisConfig(voice="bob"), None, "bob"),
        (SynthesisConfig(voice="me.wav"), None, "me.wav"),
    ],
)
async def test_the_voice_is_the_named_or_the_default_that_speaks_the_language(
    config: SynthesisConfig, default: str | None, voice: str
) -> None:
    assert (await resolve(config, default)).voice.id == voice


async def test_an_unknown_voice_is_refused_with_a_list() -> None:
    with pytest.raises(UnknownVoice) as refused:
        await resolve(SynthesisConfig(voice="nobody"))
    assert refused.value.allowed == ["ann", "bob", "eva"]
    assert "nobody" not in str(refused.value)


async def test_a_language_nobody_speaks_is_refused() -> None:
    with pytest.raises(InvalidParameter):
        await resolve(SynthesisConfig(language="fr"))


@pytest.mark.parametrize(("speed", "own", "left"), [(1.5, 1.5, 1.0), (0.25, 1.0, 0.25), (4.0, 1.0, 4.0)])
async def test_the_engine_does_the_speed_it_can_and_the_effects_the_rest(speed: float, own: float, left: float) -> None:
    speaking = await resolve(SynthesisConfig(speed=speed))
    assert (speaking.params.speed, speaking.effects.speed) == (own, left)


def test_parameters_are_the_engines_own_model() -> None:
    assert validated(Parameters, {"warmth": "0.7"}, ignore_unknown=False) == Parameters(warmth=0.7)


@pytest.mark.parametrize("values", [{"warmth": 7}, {"warmth": "hot"}, {"colour": 1}, {"warmth": float("nan")}])
def test_parameters_out_of_range_or_of_other_engines_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter) as refused:
        validated(Parameters, values, ignore_unknown=False)
    assert refused.value.param in values
    assert "hot" not in str(refused.value)


def test_dialects_may_ignore_what_is_not_known() -> None:
    assert validated(Parameters, {"colour": 1}, ignore_unknown=True) == Parameters()


def test_a_language_matches_by_its_primary_part() -> None:
    check_language(INFO, "de-CH")
    with pytest.raises(InvalidParameter):
        check_language(INFO, "da")
