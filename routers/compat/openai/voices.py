"""Voices as OpenAI's clients name them: hosted names by `openai.voices`, all others as they are here."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query

from routers.compat.openai.models import OWNER, ModelCatalogue
from routers.compat.openai.schemas import ModelVoice, NamedVoice, VoiceIds, VoiceList
from routers.core.tts_schemas import NAME_CHARACTERS
from routers.services import Services
from stts.access.policy import Public, Role, policy
from stts.engine_state import AUTO
from stts.settings import CurrentSettings
from stts.voice_names import HOSTED


class HostedVoices:
    def __init__(self, settings: CurrentSettings) -> None:
        self._settings = settings

    def names(self) -> list[str]:
        """Names that mean some voice on every engine."""
        mapped = {name for voices in self._settings().openai.voices.values() for name in voices}
        return sorted({*HOSTED, *mapped})


class VoiceRoutes:
    def __init__(self, services: Services, models: ModelCatalogue) -> None:
        self._voices = HostedVoices(services.settings)
        self._models = models
        self._engines = services.engines
        self._files = services.files
        self.router = APIRouter(tags=["OpenAI"])
        add = self.router.add_api_route
        shapes = VoiceList | VoiceIds
        add("/v1/audio/voices", self.listing, methods=["GET"], response_model=shapes, summary="Voices")
        add(
            "/v1/audio/speech/voices",
            self.by_model,
            methods=["GET"],
            response_model=list[ModelVoice],
            summary="Voices of models",
        )

    @policy(Role.USE, Public.LISTED)
    async def listing(
        self, legacy: Annotated[bool, Query(description="Plain strings, for older clients of Kokoro.")] = False
    ) -> VoiceList | VoiceIds:
        """Hosted names first, then stored references and the voices of all installed engines."""
        known = await self._known()
        if legacy:
            return VoiceIds(voices=list(known))
        return VoiceList(voices=[NamedVoice(id=id, name=name) for id, name in known.items()])

    @policy(Role.USE)
    async def by_model(
        self, model_id: Annotated[str | None, Query(max_length=NAME_CHARACTERS, description="Of one model.")] = None
    ) -> list[ModelVoice]:
        """The voices of each engine, under its name as a model; for clients of older speaches."""
        engine = self._models.engine(model_id, "tts") if model_id else AUTO
        instances = [instance for instance in self._engines.instances.values() if instance.state != "not_installed"]
        return [
            ModelVoice(
                id=f"{instance.name}/{voice.id}",
                model_id=model_id or instance.name,
                voice_id=voice.id,
                name=voice.name or voice.id,
                created=self._models.created,
                owned_by=OWNER,
                sample_rate=instance.info.sample_rate or 0,
            )
            for instance in instances
            if instance.info.kind == "tts" and engine in (AUTO, instance.name)
            for voice in instance.info.voices
        ]

    async def _known(self) -> dict[str, str]:
        instances = [instance for instance in self._engines.instances.values() if instance.state != "not_installed"]
        known = {name: name for name in self._voices.names()}
        if any(instance.info.abilities.cloning for instance in instances):
            for voice in await asyncio.to_thread(self._files.voices):
                known.setdefault(voice.id, voice.name or voice.id)
        for voice in (voice for instance in instances for voice in instance.info.voices):
            known.setdefault(voice.id, voice.name or voice.id)
        return known
