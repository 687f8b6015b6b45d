from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from adapters.speech.voice_choice import VoiceRules, choose_voice
from engines.registry import GROUP, Registry
from stts.engine_api import Abilities, EngineInfo, Voice
from stts.errors import UnknownEngine, UnknownVoice
from stts.plans import SpeechPlan
from stts.settings import OpenAISettings, Settings, STTSettings, TTSSettings
from stts.speech import SynthesisConfig
from stts.voice_names import Gender
from tests.fakes import ToneEngine
from tests.wired import Engines, Library


class MimicEngine(ToneEngine):
    """A tone that clones, with a voice that is called like a hosted one."""

    @property
    def info(self) -> EngineInfo:
        voices = (Voice("own", languages=("en",)), Voice("sage", languages=("en",)))
        return replace(
            super().info, name="mimic", voices=voices, default_voice="own", abilities=Abilities(cloning=True)
        )


class KokoroEngine(ToneEngine):
    """A tone with a voice of Kokoro's."""

    @property
    def info(self) -> EngineInfo:
        voices = (Voice("af_heart", languages=("en-US",), gender="female"),)
        return replace(super().info, name="kokoro", voices=voices, default_voice="af_heart")


def reference(name: str) -> Voice | None:
    return Voice("verse.wav", "verse", reference="/verse.wav") if name in ("verse", "verse.wav") else None


@pytest.fixture
async def engines() -> AsyncIterator[Engines]:
    settings = Settings(
        tts=TTSSettings(order=("mimic", "tone", "espeak", "kokoro")),
        stt=STTSettings(order=()),
        openai=OpenAISettings(
            voices={
                "mimic": {"echo": "own", "mine": "own", "ash": "gone"},
                "espeak": {"fable": "de", "nova": "en-us+f3", "alloy": "en-us"},
            }
        ),
    )
    targets = {
        "mimic": f"{__name__}:MimicEngine",
        "kokoro": f"{__name__}:KokoroEngine",
        "tone": "tests.fakes:ToneEngine",
    }
    registry = Registry([EntryPoint(name, target, GROUP) for name, target in targets.items()])
    engines = Engines(registry, lambda: settings, Library(reference))
    yield engines
    await engines.close()


async def resolved(engines: Engines, config: SynthesisConfig) -> tuple[str, SpeechPlan]:
    plan = await engines.selection.plan_speech(config)
    return plan.instance, plan


@pytest.mark.parametrize(
    ("voice", "engine", "spoken"),
    [
        ("echo", "mimic", "own"),
        ("ECHO", "mimic", "own"),
        ("mine", "mimic", "own"),
        ("sage", "mimic", "sage"),
        ("verse", "mimic", "verse.wav"),
        ("alloy", "mimic", "own"),
        ("fable", "espeak", "de"),
        ("shimmer", "espeak", "en-us+f5"),
        ("onyx", "espeak", "en-us+m7"),
        ("default", "espeak", "en-us"),
        ("verse", "auto", "verse.wav"),
    ],
)
async def test_a_hosted_name_is_an_entry_or_a_real_voice_or_one_of_its_kind(
    engines: Engines, voice: str, engine: str, spoken: str
) -> None:
    _, speaking = await resolved(engines, SynthesisConfig(engine=engine, voice=voice))
    assert (speaking.voice.id, speaking.warnings) == (spoken, ())


@pytest.mark.parametrize(
    ("voice", "gender", "default", "spoken"),
    [
        ("alloy", "", None, "en-us"),
        ("alloy", "female", None, "en-us+f3"),
        ("coral", "male", None, "en-us+m3"),
        ("coral", "female", None, "en-us+f2"),
        ("coral", "", "en-gb", "en-gb+f3"),
        ("fable", "", "en-us", "en-us"),
    ],
)
async def test_a_hosted_name_keeps_the_gender_that_was_to_speak_and_the_default_of_the_operator(
    engines: Engines, voice: str, gender: Gender, default: str | None, spoken: str
) -> None:
    rules = VoiceRules(Library(reference), default=default, gender=gender)
    engine = engines.catalogue.instance("espeak").engine
    choice = await choose_voice(engine, SynthesisConfig(voice=voice), rules)
    assert choice.voice.id == spoken


@pytest.mark.parametrize(
    ("voice", "language", "spoken"),
    [
        ("alloy", "en-GB", "en-gb"),
        ("nova", "en-GB", "en-gb+f3"),
        ("fable", "en-US", "en-us"),
        ("alloy", "en-US", "en-us"),
        ("alloy", "en", "en-us"),
        ("alloy", "en-ZW", "en-us"),
        ("alloy", "de-AT", "de"),
    ],
)
async def test_a_hosted_name_is_no_choice_of_a_region(engines: Engines, voice: str, language: str, spoken: str) -> None:
    engine = engines.catalogue.instance("espeak").engine
    config = SynthesisConfig(voice=voice, language=language)
    choice = await choose_voice(engine, config, VoiceRules(Library(reference)))
    assert choice.voice.id == spoken


async def test_an_entry_for_a_voice_that_is_not_there_is_refused(engines: Engines) -> None:
    with pytest.raises(UnknownVoice, match=r"openai\.voices"):
        await resolved(engines, SynthesisConfig(engine="mimic", voice="ash"))


@pytest.mark.parametrize(
    ("voice", "language", "spoken"),
    [
        ("fable", "fr", "fr-fr"),
        ("nova", "de", "de+f3"),
        ("alloy", "de-AT", "de"),
        ("nova", "en-GB", "en-us+f3"),
        ("nova", None, "en-us+f3"),
    ],
)
async def test_a_hosted_voice_that_does_not_speak_the_language_gives_way_to_one_of_its_gender(
    engines: Engines, voice: str, language: str | None, spoken: str
) -> None:
    for config in (SynthesisConfig(language=language), SynthesisConfig(detected=language)):
        _, speaking = await resolved(engines, replace(config, engine="espeak", voice=voice))
        assert speaking.voice.id == spoken


@pytest.mark.parametrize(
    ("voice", "spoken"),
    [
        ("af_heart", "en-us+f3"),
        ("AF_Heart", "en-us+f3"),
        ("am_adam", "en-us"),
        ("bf_emma", "en-gb+f3"),
        ("bm_george", "en-gb"),
        ("jf_alpha", "ja+f3"),
        ("zm_yunxi", "cmn"),
        ("pf_dora", "pt-br+f3"),
        ("af_bella+af_sky", "en-us+f3"),
        ("af_bella(1)+bm_george(2.5)", "en-gb"),
        ("en_US-lessac-medium", "en-us"),
        ("de_DE-thorsten-high", "de"),
        ("de-DE-KatjaNeural", "de"),
        ("zh-CN-liaoning-XiaobeiNeural", "cmn"),
    ],
)
async def test_a_voice_of_another_engine_is_stood_in_for_and_that_is_told(
    engines: Engines, voice: str, spoken: str
) -> None:
    _, speaking = await resolved(engines, SynthesisConfig(engine="espeak", voice=voice))
    assert speaking.voice.id == spoken
    assert speaking.warnings


@pytest.mark.parametrize(
    ("voice", "spoken"), [("de", "de"), ("en_US", "en-us"), ("German", "de"), ("EN-US+F3", "en-us+f3")]
)
async def test_a_language_in_place_of_a_voice_needs_no_warning(engines: Engines, voice: str, spoken: str) -> None:
    _, speaking = await resolved(engines, SynthesisConfig(engine="espeak", voice=voice))
    assert (speaking.voice.id, speaking.warnings) == (spoken, ())


async def test_an_engine_that_has_the_voice_goes_before_those_that_stand_in(engines: Engines) -> None:
    name, speaking = await resolved(engines, SynthesisConfig(voice="af_heart"))
    assert (name, speaking.voice.id, speaking.warnings) == ("kokoro", "af_heart", ())
    name, speaking = await resolved(engines, SynthesisConfig(voice="en-us"))
    assert (name, speaking.voice.id) == ("espeak", "en-us")


async def test_a_language_goes_before_that_of_the_voice_that_is_stood_in_for(engines: Engines) -> None:
    _, speaking = await resolved(engines, SynthesisConfig(engine="espeak", voice="af_heart", language="fr"))
    assert (speaking.voice.id, speaking.params.language) == ("fr-fr+f3", "fr-FR")


@pytest.mark.parametrize("voice", ["nosuch", "af_", "xx_heart", "ben", "af_heart+nosuch", "+", "x" * 5000])
async def test_really_unknown_voices_are_refused(engines: Engines, voice: str) -> None:
    with pytest.raises(UnknownVoice) as refused:
        await resolved(engines, SynthesisConfig(engine="espeak", voice=voice))
    assert refused.value.allowed
    assert voice not in str(refused.value) or voice == "+"


async def test_the_nearest_names_are_told(engines: Engines) -> None:
    with pytest.raises(UnknownVoice, match="alloy") as refused:
        await resolved(engines, SynthesisConfig(engine="espeak", voice="aloy"))
    assert refused.value.allowed is not None
    assert refused.value.allowed[0] == "alloy"


async def test_a_text_in_a_language_that_the_first_engine_lacks_goes_to_the_next(engines: Engines) -> None:
    name, speaking = await resolved(engines, SynthesisConfig(detected="de"))
    assert (name, speaking.voice.id, speaking.params.language) == ("espeak", "de", "de")
    name, speaking = await resolved(engines, SynthesisConfig(detected="en"))
    assert name == "mimic"


async def test_a_language_that_no_voice_speaks_is_told(engines: Engines) -> None:
    name, speaking = await resolved(engines, SynthesisConfig(engine="tone", detected="ar"))
    assert (name, speaking.voice.id) == ("tone", "low")
    assert "Arabic" in speaking.warnings[0]


async def test_a_named_voice_goes_before_the_language_of_the_text(engines: Engines) -> None:
    _, speaking = await resolved(engines, SynthesisConfig(engine="espeak", voice="en-gb", detected="de"))
    assert (speaking.voice.id, speaking.params.language) == ("en-gb", "en-GB")


@pytest.mark.parametrize("name", ["eSpeak", "ESPEAK", "espeak"])
async def test_an_engine_in_any_case(engines: Engines, name: str) -> None:
    assert (await engines.selection.plan_speech(SynthesisConfig(engine=name))).instance == "espeak"


async def test_the_nearest_engine_is_told(engines: Engines) -> None:
    with pytest.raises(UnknownEngine, match="espeak"):
        await engines.selection.plan_speech(SynthesisConfig(engine="e-speak-ng"))


class PairEngine(ToneEngine):
    """A tone with two voices of each of two languages."""

    @property
    def info(self) -> EngineInfo:
        voices = tuple(
            Voice(f"{tag}-{name}", languages=(tag,)) for tag in ("en-US", "de-DE") for name in ("one", "two")
        )
        return replace(
            super().info, name="pair", languages=("en-US", "de-DE"), voices=voices, default_voice="en-US-one"
        )


async def test_a_language_has_a_default_voice_of_its_own() -> None:
    voices = {"pair": {"en": "en-US-two", "de": "de-DE-two"}}
    settings = Settings(tts=TTSSettings(order=("pair",), language_voices=voices), stt=STTSettings(order=()))
    own = Registry([EntryPoint("pair", f"{__name__}:PairEngine", GROUP)])
    engines = Engines(own, lambda: settings)

    async def chosen(**wishes: Any) -> str:
        return (await engines.selection.plan_speech(SynthesisConfig(engine="pair", **wishes))).voice.id

    assert await chosen(language="en") == "en-US-two"
    assert await chosen(language="de") == await chosen(detected="de") == "de-DE-two"
    assert await chosen() == "en-US-one"
    assert await chosen(language="de", voice="de-DE-one") == "de-DE-one"
    # A plan for texts whose language is not known yet does not do for one that is.
    assert not (await engines.selection.plan_speech(SynthesisConfig(engine="pair"))).default_voice
    await engines.close()
