"""GET /engines and /voices, POST /engines/{name}/load and /unload."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Path, Query, Request

from adapters.descriptions import EngineDescription
from adapters.missing_models import looked_at
from routers.core.engine_schemas import EngineMeasurements, EngineShape, EngineStatus, NeededModel, VoiceShape
from routers.http.deferred_route import deferred_router
from routers.http.names import LanguageTag
from routers.http.operation import principal_of
from routers.services import Services
from stts.access.audit import Action
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role
from stts.errors import NotFound
from stts.languages import best_match
from stts.peers.everywhere import LOAD_ENGINE, UNLOAD_ENGINE, UNLOAD_SECONDS, everywhere

EngineName = Annotated[str, Path(max_length=200)]


class EngineRoutes:
    def __init__(self, services: Services) -> None:
        self._engines = services.engines
        self._peers, self._settings = services.peers, services.settings
        self.router = deferred_router("engines")
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

    @policy(RouteKind.MANAGE, role=Role.READ)
    async def listing(self) -> list[EngineShape]:
        return [_shape(each) for each in await looked_at(self._engines)]

    @policy(RouteKind.MANAGE, role=Role.READ)
    async def show(self, name: EngineName) -> EngineShape:
        return _shape(await self._described(name))

    @policy(RouteKind.MANAGE, action=Action.ENGINE_LOAD)
    async def load(self, name: EngineName) -> EngineShape:
        """Loads the engine, fetching its weights if it must, and really runs it once."""
        await self._described(name)
        await everywhere(self._peers, self._engines.load(name), LOAD_ENGINE, name, self._settings().limits.load_seconds)
        return _shape(await self._described(name))

    @policy(RouteKind.MANAGE, action=Action.ENGINE_UNLOAD)
    async def unload(self, name: EngineName) -> EngineShape:
        """Frees the engine's memory; refused with 409 while it works."""
        await self._described(name)
        await everywhere(self._peers, self._engines.unload(name), UNLOAD_ENGINE, name, UNLOAD_SECONDS)
        return _shape(await self._described(name))

    @policy(RouteKind.USE, role=Role.READ)
    async def voices(
        self,
        request: Request,
        engine: Annotated[str | None, Query(max_length=200)] = None,
        language: Annotated[LanguageTag, Query(description="BCP 47, or a name.")] = None,
    ) -> list[VoiceShape]:
        """Voices of the engines, and of the library those that they can speak with: one's own, and everybody's."""
        viewer = principal_of(request).viewer
        offered = await self._engines.voices(*([engine] if engine else []), viewer=viewer)
        shapes = [VoiceShape.of(each) for each in offered]
        return [shape for shape in shapes if _speaks(shape, language)]

    async def _described(self, name: str) -> EngineDescription:
        found = next((each for each in await looked_at(self._engines) if each.name == name), None)
        if found is None:
            raise NotFound("There is no such engine; GET /engines lists them.")
        return found


def _speaks(shape: VoiceShape, language: str | None) -> bool:
    # A clone speaks all that its engine speaks, whatever the language of its recording.
    return (
        language is None or shape.reference or not shape.languages or best_match(language, shape.languages) is not None
    )


def _shape(engine: EngineDescription) -> EngineShape:
    info = engine.info
    return EngineShape(
        **EngineStatus.of(engine).model_dump(),
        name=engine.name,
        needs=NeededModel.of(engine.needs) if engine.needs is not None else None,
        fetches=engine.fetches,
        measured=EngineMeasurements.of(engine.reading),
        engine=engine.engine,
        description=info.description,
        models=[model.id for model in engine.models],
        languages=[*info.languages],
        sample_rate=info.sample_rate,
        voices=len(engine.voices),
        default_voice=info.default_voice,
        abilities=asdict(info.abilities),
        limits=asdict(info.limits),
        network=info.network,
        runs_in=info.runs_in,
        parameters=engine.parameters.model_json_schema(),
        install=info.install,
        download_bytes=info.download_bytes,
        licence=info.licence,
    )
