"""GET /v1/audio/voices and /v1/models, POST /v1/audio/voices/combine, GET /health and /v1/test."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Path, Query, Request
from pydantic import BaseModel, Field

from routers.compat.kokoro_fastapi.speaking import Speaking
from routers.http.deferred_route import deferred_router
from routers.http.names import NAME_CHARACTERS
from routers.http.operation import principal_of
from routers.services import Services
from stts.access.policy import Public, RouteKind, policy
from stts.access.roles import Role
from stts.errors import UnknownVoice
from stts.voices.blend import MOST_PARTS, blend_id, read_blend

CREATED = 1_686_935_002
OWNER = "kokoro"
Part = Annotated[str, Field(max_length=NAME_CHARACTERS)]


class NamedVoice(BaseModel):
    id: str
    name: str


class VoiceList(BaseModel):
    voices: list[NamedVoice] | list[str] = Field(description="With `legacy` plain names.")
    default_voice: str


class Combined(BaseModel):
    voice: str = Field(description="The name by which any request may ask for this blend.")
    engine: str


class ModelShape(BaseModel):
    id: str
    object: str = "model"
    created: int = CREATED
    owned_by: str = OWNER


class ModelList(BaseModel):
    object: str = "list"
    data: list[ModelShape]


class ListRoutes:
    def __init__(self, services: Services, speaking: Speaking) -> None:
        self._engines = services.engines
        self._lifecycle = services.lifecycle
        self._speaking = speaking
        self.router = deferred_router("Kokoro-FastAPI")
        add = self.router.add_api_route
        add("/v1/audio/voices", self.voices, methods=["GET"], response_model=VoiceList, summary="Voices")
        add("/v1/audio/voices/combine", self.combine, methods=["POST"], response_model=Combined, summary="Blend voices")
        add("/v1/models", self.models, methods=["GET"], response_model=ModelList, summary="Models")
        add("/v1/models/{model}", self.model, methods=["GET"], response_model=ModelShape, summary="One model")
        add("/health", self.health, methods=["GET"], summary="Whether it works")
        add("/v1/test", self.test, methods=["GET"], summary="Whether it is there")

    @policy(RouteKind.USE, Public.LISTED, role=Role.READ)
    async def voices(self, request: Request, legacy: Annotated[bool, Query()] = False) -> VoiceList:
        """All voices of this server, Kokoro's first."""
        offered = sorted(
            await self._engines.voices(viewer=principal_of(request).viewer),
            key=lambda each: each.engine.engine != "kokoro",
        )
        names = dict.fromkeys(each.voice.id for each in offered if each.engine.installed)
        shown: Any = [*names] if legacy else [NamedVoice(id=name, name=name) for name in names]
        return VoiceList(voices=shown, default_voice=self._speaking.default_voice)

    @policy(RouteKind.USE, role=Role.READ)
    async def combine(
        self, voices: Annotated[Part | list[Part], Body(min_length=1, max_length=NAME_CHARACTERS)]
    ) -> Combined:
        """No file is made: a blend is spoken by its name, which is answered. Refused where no engine blends these."""
        named = voices if isinstance(voices, str) else "+".join(voices[:MOST_PARTS])
        parts = read_blend(named.replace(" ", ""))
        for each in self._engines.descriptions("tts"):
            known = {voice.id.lower() for voice in each.voices}
            if parts and each.installed and each.info.abilities.blending and all(part.name in known for part in parts):
                return Combined(voice=blend_id(parts), engine=each.name)
        raise UnknownVoice("No engine here can blend these voices; GET /v1/audio/voices lists all.", param="voices")

    @policy(RouteKind.USE, role=Role.READ)
    async def models(self) -> ModelList:
        return ModelList(data=[ModelShape(id=name) for name in self._speaking.names()])

    @policy(RouteKind.USE, role=Role.READ)
    async def model(self, model: Annotated[str, Path(max_length=NAME_CHARACTERS)]) -> ModelShape:
        return ModelShape(id=self._speaking.find(model))

    @policy(RouteKind.HEALTH, Public.ANYWHERE)
    async def health(self) -> dict[str, str]:
        return {"status": "healthy"} if self._lifecycle.phase == "ready" else {"status": self._lifecycle.phase}

    @policy(RouteKind.HEALTH, Public.ANYWHERE)
    async def test(self) -> dict[str, str]:
        return {"status": "ok"}
