"""Voices as OpenAI's clients name them: hosted names by `openai.voices`, all others as they are here."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fastapi import APIRouter

from adapters.engines import Engines
from adapters.voices import speaks
from routers.schemas.openai import NamedVoice, VoiceList
from stts.errors import STTSError, UnknownVoice
from stts.settings import CurrentSettings
from stts.storage.files import FileStore
from stts.types import SynthesisConfig

HOSTED = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
)  # fmt: skip


class HostedVoices:
    def __init__(self, engines: Engines, settings: CurrentSettings) -> None:
        self._engines = engines
        self._settings = settings

    def names(self) -> list[str]:
        """Names that mean some voice on every engine."""
        mapped = {name for voices in self._settings().openai.voices.values() for name in voices}
        return sorted({*HOSTED, *mapped})

    async def translate(self, config: SynthesisConfig) -> SynthesisConfig:
        """With the voice that a hosted name means on the engine that will speak.

        That is its entry, else a voice or reference that really has this name, else the engine's default; the default
        too where a language is asked for that the voice does not speak: clients must always name some voice. A config
        that no engine can speak is returned for the operation to refuse.
        """
        if config.voice not in self.names():
            return config
        default = replace(config, voice=None)
        try:
            adapter = await self._engines.speaker(default)
        except STTSError:
            return default
        default = replace(default, engine=adapter.name)
        mapped = self._settings().openai.voices.get(adapter.name, {}).get(config.voice)
        named = replace(default, voice=mapped or config.voice)
        try:
            speaking = await adapter.resolve(named)
        except UnknownVoice:
            return named if mapped else default
        except STTSError:
            return named
        return named if speaks(speaking.voice, config.language) else default


class VoiceRoutes:
    def __init__(self, voices: HostedVoices, engines: Engines, files: FileStore) -> None:
        self._voices = voices
        self._engines = engines
        self._files = files
        self.router = APIRouter()
        self.router.add_api_route(
            "/v1/audio/voices", self.listing, methods=["GET"], response_model=VoiceList, summary="Voices"
        )

    async def listing(self) -> VoiceList:
        """Hosted names first, then stored references and the voices of all installed engines."""
        hosts = [host for host in self._engines.hosts.values() if host.state != "not_installed"]
        known = {name: name for name in self._voices.names()}
        if any(host.info.abilities.cloning for host in hosts):
            for voice in await asyncio.to_thread(self._files.voices):
                known.setdefault(voice.id, voice.name or voice.id)
        for voice in (voice for host in hosts for voice in host.info.voices):
            known.setdefault(voice.id, voice.name or voice.id)
        return VoiceList(voices=[NamedVoice(id=id, name=name) for id, name in known.items()])
