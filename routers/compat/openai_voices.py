"""Voices as OpenAI's clients name them: hosted names by `openai.voices`, all others as they are here."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter

from adapters.engines import Engines
from routers.schemas.openai import NamedVoice, VoiceList
from stts.settings import CurrentSettings
from stts.storage.files import FileStore
from stts.voice_names import HOSTED


class HostedVoices:
    def __init__(self, settings: CurrentSettings) -> None:
        self._settings = settings

    def names(self) -> list[str]:
        """Names that mean some voice on every engine."""
        mapped = {name for voices in self._settings().openai.voices.values() for name in voices}
        return sorted({*HOSTED, *mapped})


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
