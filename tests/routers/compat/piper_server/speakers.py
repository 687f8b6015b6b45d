"""An engine whose voices are named as Piper's are, one of them with several speakers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from stts.engine_api import EngineInfo, Samples, SpeechParams, Voice
from tests.fakes import ToneEngine, ToneParameters

MANY, ONE = "en_GB-vctk-medium", "en_US-kristin-medium"


class SpeakersEngine(ToneEngine):
    """Its speakers differ in the height of their tones."""

    @property
    def info(self) -> EngineInfo:
        voices = (
            Voice(MANY, "Vctk (medium)", ("en-GB",), sample_rate=16_000),
            Voice(f"{MANY}#p225", "Vctk, p225", ("en-GB",)),
            Voice(f"{MANY}#p226", "Vctk, p226", ("en-GB",)),
            Voice(ONE, "Kristin (medium)", ("en-US",)),
        )
        return replace(super().info, name="speakers", voices=voices, default_voice=ONE, licence="CC0")

    def voice_card(self, voice: Voice) -> str | None:
        return "# Card of Kristin" if voice.id == ONE else None

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        height = 300.0 if voice.id.endswith("p226") else 200.0
        yield from super().synthesize(text, voice, replace(params, extra=ToneParameters(frequency=height)))
