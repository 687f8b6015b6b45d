"""Levels of voices whose engine states none."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from io import BytesIO

import numpy as np
import pytest

from engines.registry import GROUP, Registry
from stts.audio.level import active_level
from stts.context import RequestContext
from stts.engine_api import EngineInfo, Progress, Samples, SpeechParams, TTSEngine, Voice
from stts.plans import SpeechRequest
from stts.settings import Settings, TTSSettings
from stts.speech import SynthesisConfig
from tests.wired import Engines

RATE = 16_000


class QuietEngine(TTSEngine):
    """Speaks at -34 dBFS in one voice and at -28 in the other, and says so of neither."""

    @property
    def info(self) -> EngineInfo:
        voices = (Voice("soft"), Voice("loud"), Voice("stated", level=-28.0))
        return EngineInfo("quiet", "tts", "", voices=voices, default_voice="soft", sample_rate=RATE)

    def load(self, progress: Progress) -> None: ...

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        level = -34.0 if voice.id == "soft" else -28.0
        seconds = 0.1 * len(text)
        tone = np.sin(2 * np.pi * 300 * np.arange(round(seconds * RATE)) / RATE)
        yield (tone * np.sqrt(2) * 10 ** (level / 20)).astype(np.float32)


def engines(level: float | None) -> Engines:
    settings = Settings(tts=TTSSettings(order=("quiet",), level=level))
    return Engines(Registry([EntryPoint("quiet", f"{__name__}:QuietEngine", GROUP)]), lambda: settings)


async def level_of(engines: Engines, text: str, voice: str, normalize: float | None = None) -> float | None:
    config = SynthesisConfig(engine="quiet", voice=voice, normalize=normalize)
    request = SpeechRequest(text, config)
    spoken = b"".join([chunk.data async for chunk in engines.speak(RequestContext("tts"), request)])
    with wave.open(BytesIO(spoken)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32)
        samples /= np.float32(32768)
    return active_level(samples, RATE)


@pytest.mark.parametrize("voice", ["soft", "loud", "stated"])
async def test_all_voices_have_one_level(voice: str) -> None:
    speaking = engines(level=-20.0)
    first = await level_of(speaking, "How loud is it?", voice)
    again = await level_of(speaking, "And again?", voice)
    await speaking.close()
    assert first == pytest.approx(-20.0, abs=0.2)
    assert again == pytest.approx(-20.0, abs=0.2)


async def test_null_leaves_voices_as_they_are() -> None:
    speaking = engines(level=None)
    levels = [await level_of(speaking, "How loud is it?", voice) for voice in ("soft", "loud", "stated")]
    await speaking.close()
    assert levels == pytest.approx([-34.0, -28.0, -28.0], abs=0.2)


async def test_a_level_once_measured_stays() -> None:
    """A second answer that begins with a short word is as loud as the first."""
    speaking = engines(level=-20.0)
    await level_of(speaking, "How loud is it?", "soft")
    samples = await level_of(speaking, "Four", "soft")
    await speaking.close()
    assert samples == pytest.approx(-20.0, abs=0.2)
