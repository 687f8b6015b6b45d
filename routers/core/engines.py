"""GET /engines and /voices, POST /engines/{name}/load and /unload."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from adapters.execution.instance import EngineInstance
from routers.core.engine_schemas import EngineShape, EngineStatus, VoiceShape
from routers.http.names import LanguageTag
from routers.services import Services
from stts.access.policy import Role, policy
from stts.errors import NotFound
from stts.languages import best_match

EngineName = Annotated[str, Path(max_length=200)]


class EngineRoutes:
    def __init__(self, services: Services) -> None:
        self._engines = services.engines
        self._files = services.files
        self.router = APIRouter(tags=["engines"])
        add = self.router.add_api_route
        add("/engines", self.listing, methods=["GET"], summary="All engines", response_model=list[EngineShape])
        add("/engines/{name}", self.show, methods=["GET"], summary="One engine", response_model=EngineShape)
        add("/engines/{name}/load", self.load, methods=["POST"], summary="Load an engine", response_model=EngineShape)
        add(
            "/engines/{name}/unload",
            self.unload,
            methods=["POST"],
            summary="Unload an engine",
            response_model=EngineShape,
        )
        add("/voices", self.voices, methods=["GET"], summary="All voices", response_model=list[VoiceShape])

    @policy(Role.MANAGE)
    async def listing(self) -> list[EngineShape]:
        return [_shape(instance) for instance in self._engines.instances.values()]

    @policy(Role.MANAGE)
    async def show(self, name: EngineName) -> EngineShape:
        return _shape(self._instance(name))

    @policy(Role.MANAGE)
    async def load(self, name: EngineName) -> EngineShape:
        """Loads the engine, fetching its weights if it must, and really runs it once."""
        instance = self._instance(name)
        await self._engines.load(name)
        return _shape(instance)

    @policy(Role.MANAGE)
    async def unload(self, name: EngineName) -> EngineShape:
        """Frees the engine's memory; refused with 409 while it works."""
        instance = self._instance(name)
        await self._engines.unload(name)
        return _shape(instance)

    @policy(Role.USE)
    async def voices(
        self,
        engine: Annotated[str | None, Query(max_length=200)] = None,
        language: Annotated[LanguageTag, Query(description="BCP 47, or a name.")] = None,
    ) -> list[VoiceShape]:
        """Voices of the engines, and stored references for those that clone."""
        instances = [self._engines.instance(engine)] if engine else list(self._engines.instances.values())
        references = await asyncio.to_thread(self._files.voices)
        shapes = []
        for instance in instances:
            known = [*instance.info.voices, *(references if instance.info.abilities.cloning else [])]
            shapes += [VoiceShape.of(voice, instance.name) for voice in known]
        return [shape for shape in shapes if _speaks(shape, language)]

    def _instance(self, name: str) -> EngineInstance[Any]:
        if name not in self._engines.instances:
            raise NotFound("There is no such engine; GET /engines lists them.")
        return self._engines.instances[name]


def _speaks(shape: VoiceShape, language: str | None) -> bool:
    return language is None or not shape.languages or best_match(language, shape.languages) is not None


def _shape(instance: EngineInstance[Any]) -> EngineShape:
    info = instance.info
    return EngineShape(
        **EngineStatus.of(instance).model_dump(),
        name=info.name,
        description=info.description,
        languages=[*info.languages],
        sample_rate=info.sample_rate,
        voices=len(info.voices),
        default_voice=info.default_voice,
        abilities=asdict(info.abilities),
        limits=asdict(info.limits),
        network=info.network,
        runs_in=info.runs_in,
        parameters=instance.parameters.model_json_schema(),
        install=info.install,
        licence=info.licence,
    )
