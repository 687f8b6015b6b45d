"""GET /v1/models and one of them: the engines and voices of this server as Deepgram's clients parse them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import BaseModel, Field

from adapters.descriptions import EngineDescription, OfferedVoice
from routers.compat.deepgram.models import model_uuid
from routers.http.deferred_route import deferred_router
from routers.http.names import NAME_CHARACTERS
from routers.http.operation import principal_of
from routers.services import Services
from stts import __version__
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role
from stts.errors import NotFound


class ListeningModel(BaseModel):
    name: str
    canonical_name: str
    architecture: str = Field(description="The engine.")
    languages: list[str]
    version: str = __version__
    uuid: str
    batch: bool = True
    streaming: bool = True
    formatted_output: bool = True


class SpeakingModel(BaseModel):
    name: str
    canonical_name: str = Field(description="What `model` of /v1/speak takes.")
    architecture: str = Field(description="The engine.")
    languages: list[str]
    version: str = __version__
    uuid: str
    metadata: dict[str, Any]


class ModelList(BaseModel):
    stt: list[ListeningModel]
    tts: list[SpeakingModel]


class ModelRoutes:
    def __init__(self, services: Services) -> None:
        self._engines = services.engines
        self.router = deferred_router("Deepgram")
        add = self.router.add_api_route
        add("/v1/models", self.listing, methods=["GET"], response_model=ModelList, summary="Models")
        add(
            "/v1/models/{model_id}",
            self.show,
            methods=["GET"],
            response_model=ListeningModel | SpeakingModel,
            summary="One model",
        )

    @policy(RouteKind.USE, role=Role.READ)
    async def listing(self, request: Request) -> ModelList:
        """Engines that listen, and voices; Deepgram's own names are taken too, but not listed."""
        offered = await self._engines.voices(viewer=principal_of(request).viewer)
        return ModelList(
            stt=[_listening(each) for each in self._engines.descriptions("stt") if each.installed],
            tts=[_speaking(each) for each in offered if each.engine.installed],
        )

    @policy(RouteKind.USE, role=Role.READ)
    async def show(
        self, request: Request, model_id: Annotated[str, Path(max_length=NAME_CHARACTERS)]
    ) -> ListeningModel | SpeakingModel:
        """One model, by its uuid."""
        known = await self.listing(request)
        models: list[ListeningModel | SpeakingModel] = [*known.stt, *known.tts]
        for model in models:
            if model_id == model.uuid:
                return model
        raise NotFound("There is no such model; GET /v1/models lists all.")


def _listening(engine: EngineDescription) -> ListeningModel:
    return ListeningModel(
        name=engine.name,
        canonical_name=engine.name,
        architecture=engine.name,
        languages=list(engine.info.languages),
        uuid=model_uuid(engine.name),
    )


def _speaking(offered: OfferedVoice) -> SpeakingModel:
    voice, engine = offered.voice, offered.engine.name
    return SpeakingModel(
        name=offered.name,
        canonical_name=voice.id,
        architecture=engine,
        languages=list(voice.languages),
        uuid=model_uuid(f"{engine}/{voice.id}"),
        metadata={"accent": "", "age": "", "color": "", "image": "", "sample": "", "tags": [], "use_cases": []},
    )
