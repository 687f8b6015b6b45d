"""Voices as OpenAI's clients name them: hosted names by `openai.voices`, all others as they are here."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from adapters.hosted_names import hosted_voices
from routers.compat.openai.list_schemas import ModelVoice, NamedVoice, VoiceIds, VoiceList
from routers.compat.openai.models import OWNER
from routers.core.tts_schemas import NAME_CHARACTERS
from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from routers.services import Services
from stts.access.policy import Public, RouteKind, policy
from stts.access.roles import Role
from stts.access.viewer import Viewer
from stts.engine_state import AUTO


class VoiceRoutes:
    def __init__(self, services: Services) -> None:
        self._settings = services.settings
        self._models = services.models
        self._engines = services.engines
        self.router = deferred_router("OpenAI")
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

    @policy(RouteKind.USE, Public.LISTED, role=Role.READ)
    async def listing(
        self,
        request: Request,
        legacy: Annotated[bool, Query(description="Plain strings, for older clients of Kokoro.")] = False,
    ) -> VoiceList | VoiceIds:
        """Hosted names first, then stored references and the voices of all installed engines."""
        known = await self._known(principal_of(request).viewer)
        if legacy:
            return VoiceIds(voices=list(known))
        return VoiceList(voices=[NamedVoice(id=id, name=name) for id, name in known.items()])

    @policy(RouteKind.USE, role=Role.READ)
    async def by_model(
        self, model_id: Annotated[str | None, Query(max_length=NAME_CHARACTERS, description="Of one model.")] = None
    ) -> list[ModelVoice]:
        """The voices of each engine, under its name as a model; for clients of older speaches."""
        engine = self._models.engine(model_id, "tts") if model_id else AUTO
        return [
            ModelVoice(
                id=f"{each.engine.name}/{each.voice.id}",
                model_id=model_id or each.engine.name,
                voice_id=each.voice.id,
                name=each.name,
                created=self._models.created,
                owned_by=OWNER,
                sample_rate=each.voice.sample_rate or each.engine.info.sample_rate or 0,
            )
            for each in await self._engines.voices(viewer=None)
            if each.engine.installed and engine in (AUTO, each.engine.name)
        ]

    async def _known(self, viewer: Viewer) -> dict[str, str]:
        known = {name: name for name in hosted_voices(self._settings)}
        offered = [each for each in await self._engines.voices(viewer=viewer) if each.engine.installed]
        for each in sorted(offered, key=lambda each: each.voice.reference is None):
            known.setdefault(each.voice.id, each.name)
        return known
