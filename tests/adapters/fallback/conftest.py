"""A house of three frail voices and two frail ears, whose settings a test may change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from stts.context import Priority, RequestContext
from stts.engine_api import Voice
from stts.plans import ListenRequest, SpeechRequest
from stts.settings import InstanceSettings, Settings
from stts.speech import SynthesisConfig
from stts.streams.live import LiveText
from stts.transcription import AudioData, TranscriptEvent, TranscriptionConfig
from tests.adapters.fallback.frail_engines import FAULTS, GATE, HEARD, STARTED, registry
from tests.wired import Engines, Library


class House:
    """Speaks, listens, and tells how it went."""

    def __init__(self) -> None:
        self.settings = Settings.model_validate(
            {
                "tts": {"order": ["a", "b", "c"], "detect_language": False},
                "stt": {"order": ["d", "e"]},
                "engines": {"instances": self.instances()},
            }
        )
        library = Library(lambda name: Voice(name, reference="anna.wav") if name == "mine" else None)
        self.engines = Engines(registry(), lambda: self.settings, library)
        self.context = RequestContext("tts")
        self.seconds = 0.0
        """Audio heard of the last speech."""

    def instances(self) -> dict[str, InstanceSettings]:
        def instance(engine: str, name: str, **options: Any) -> InstanceSettings:
            return InstanceSettings(engine=engine, options={"id": name, **options})

        return {
            "a": instance("frail", "a", clones=True),
            "b": instance("frail", "b"),
            "c": instance("frail", "c", languages=("en", "de")),
            "d": instance("ear", "d"),
            "e": instance("ear", "e"),
        }

    def set(self, **routing: Any) -> None:
        changed = self.settings.routing.model_copy(update=routing)
        self.settings = self.settings.model_copy(update={"routing": changed})

    async def speak(self, text: str | LiveText = "Hello there.", **config: Any) -> str | None:
        """The engine that spoke. Raises what the request did."""
        hold = config.pop("hold", None)
        context = self.context = RequestContext("tts", priority=config.pop("priority", Priority.STREAM), hold=hold)
        self.seconds = 0.0
        request = SpeechRequest(text, SynthesisConfig(**{"format": "pcm", **config}))
        async with aclosing(self.engines.speak(context, request)) as chunks:
            async for chunk in chunks:
                self.seconds = 0.0 if chunk.retracts else self.seconds + chunk.seconds
        return context.output_data.engine

    async def warm(self, *names: str) -> None:
        """Speaks with engines once, and waits for the probe that follows their load."""
        for name in names:
            await self.speak(engine=name)
            await self.engines.load(name)

    async def listen(self, audio: AudioData, **config: Any) -> list[TranscriptEvent]:
        context = self.context = RequestContext("stt", hold=config.pop("hold", None))
        request = ListenRequest(audio, TranscriptionConfig(**config))
        async with aclosing(self.engines.listen(context, request)) as events:
            return [event async for event in events]

    def breaker(self, name: str) -> str:
        return self.engines.catalogue.health.of(name).breaker.state

    def failures(self, name: str) -> int:
        return self.engines.catalogue.health.of(name).breaker.failures


@pytest.fixture
async def house() -> AsyncIterator[House]:
    FAULTS.clear()
    HEARD.clear()
    GATE.clear()
    STARTED.clear()
    made = House()
    yield made
    GATE.set()
    await made.engines.close()
