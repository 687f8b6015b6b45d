from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from adapters.engines import Engines
from engines.registry import GROUP, Registry
from routers.compat.openai_voices import HostedVoices
from stts.engine_api import Abilities, EngineInfo, Voice
from stts.settings import OpenAISettings, Settings, STTSettings, TTSSettings
from stts.types import SynthesisConfig
from tests.fakes import ToneEngine


class MimicEngine(ToneEngine):
    """A tone that clones, with a voice that is called like a hosted one."""

    @property
    def info(self) -> EngineInfo:
        voices = (Voice("own", languages=("en",)), Voice("sage", languages=("en",)))
        return replace(
            super().info, name="mimic", voices=voices, default_voice="own", abilities=Abilities(cloning=True)
        )


def reference(name: str) -> Voice | None:
    return Voice("verse.wav", "verse", reference="/verse.wav") if name in ("verse", "verse.wav") else None


@pytest.fixture
async def voices() -> AsyncIterator[HostedVoices]:
    settings = Settings(
        tts=TTSSettings(order=("mimic", "tone", "espeak")),
        stt=STTSettings(order=()),
        openai=OpenAISettings(
            voices={"mimic": {"echo": "own", "mine": "own", "ash": "gone"}, "espeak": {"fable": "de"}}
        ),
    )
    targets = {"mimic": f"{__name__}:MimicEngine", "tone": "tests.fakes:ToneEngine"}
    registry = Registry([EntryPoint(name, target, GROUP) for name, target in targets.items()])
    engines = Engines(registry, lambda: settings, reference)
    yield HostedVoices(engines, lambda: settings)
    await engines.close()


@pytest.mark.parametrize(
    ("voice", "engine", "spoken"),
    [
        ("echo", "mimic", "own"),
        ("mine", "mimic", "own"),
        ("sage", "mimic", "sage"),
        ("verse", "mimic", "verse"),
        ("alloy", "mimic", None),
        ("ash", "mimic", "gone"),
        ("fable", "espeak", "de"),
    ],
)
async def test_a_hosted_name_is_an_entry_or_a_real_voice_or_the_default(
    voices: HostedVoices, voice: str, engine: str, spoken: str | None
) -> None:
    config = await voices.translate(SynthesisConfig(engine=engine, voice=voice))
    assert (config.engine, config.voice) == (engine, spoken)


@pytest.mark.parametrize("voice", [None, "low", "en-us", "nosuch", "verse.wav"])
async def test_other_names_are_left_as_they_are(voices: HostedVoices, voice: str | None) -> None:
    config = SynthesisConfig(voice=voice)
    assert await voices.translate(config) == config


async def test_auto_becomes_the_engine_that_will_speak(voices: HostedVoices) -> None:
    config = await voices.translate(SynthesisConfig(voice="echo", language="en"))
    assert (config.engine, config.voice) == ("mimic", "own")
    config = await voices.translate(SynthesisConfig(voice="fable", language="de"))
    assert (config.engine, config.voice) == ("espeak", "de")


async def test_a_language_that_the_voice_does_not_speak_takes_the_default(voices: HostedVoices) -> None:
    config = await voices.translate(SynthesisConfig(engine="espeak", voice="fable", language="fr"))
    assert config.voice is None


async def test_what_nobody_can_speak_is_left_for_the_operation_to_refuse(voices: HostedVoices) -> None:
    for config in (
        SynthesisConfig(engine="nosuch", voice="alloy"),
        SynthesisConfig(language="xx", voice="alloy"),
    ):
        assert await voices.translate(config) == replace(config, voice=None)


def test_all_hosted_and_mapped_names_are_known(voices: HostedVoices) -> None:
    assert {"alloy", "cedar", "mine"} <= {*voices.names()}
    assert len(voices.names()) == 14
