"""Models as OpenAI's clients name them: hosted names by `openai.models`, engines by their own, and `auto`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BeforeValidator

from adapters.hosted_names import ModelCatalogue
from routers.compat.openai.list_schemas import ModelList, ModelName, ModelNames, ModelShape
from routers.core.tts_schemas import NAME_CHARACTERS
from routers.http.deferred_route import deferred_router
from stts.access.policy import Public, RouteKind, policy
from stts.access.roles import Role
from stts.engine_api import EngineKind
from stts.errors import Forbidden, UnknownModel
from stts.hosted_models import SESSIONS, without_version
from stts.languages import nearest

OWNER = "stts-server"

ModelTask = Literal[
    "automatic-speech-recognition",
    "text-to-speech",
    "voice-activity-detection",
    "speaker-embedding",
    "speaker-diarization",
]
TASKS: dict[str, tuple[EngineKind, ...]] = {
    "automatic-speech-recognition": ("stt",),
    "text-to-speech": ("tts",),
    "voice-activity-detection": (),
    "speaker-embedding": (),
    "speaker-diarization": (),
}
"""Task of the model hub -> kinds of engines that perform it here."""


def _no_task(value: object) -> object:
    """Reads an empty task as none."""
    return value or None


class ModelRoutes:
    def __init__(self, models: ModelCatalogue) -> None:
        self._models = models
        self.router = deferred_router("OpenAI")
        add = self.router.add_api_route
        add("/v1/models", self.listing, methods=["GET"], response_model=ModelList, summary="Models")
        add("/v1/models/{model_id:path}", self.show, methods=["GET"], response_model=ModelShape, summary="One model")
        add(
            "/v1/models/{model_id:path}",
            self.remove,
            methods=["DELETE"],
            response_model=ModelShape,
            summary="Refused: models are the operator's",
        )
        add("/v1/audio/models", self.speaking, methods=["GET"], response_model=ModelNames, summary="Models that speak")

    @policy(RouteKind.USE, role=Role.READ)
    async def listing(self, task: Annotated[ModelTask | None, BeforeValidator(_no_task)] = None) -> ModelList:
        """All, or those of one task, as clients of speaches ask."""
        kinds: tuple[EngineKind, ...] = ("tts", "stt") if task is None else TASKS[task]
        names = self._all() if task is None else self._models.names(*kinds)
        return ModelList(data=[self._shape(name) for name in names])

    @policy(RouteKind.USE, role=Role.READ)
    async def show(self, model_id: Annotated[str, Path(max_length=NAME_CHARACTERS)]) -> ModelShape:
        self._require(model_id)
        return self._shape(model_id)

    @policy(RouteKind.USE)
    async def remove(self, model_id: Annotated[str, Path(max_length=NAME_CHARACTERS)]) -> ModelShape:
        """The hosted service removes models that were trained for somebody. There are none of these here."""
        self._require(model_id)
        raise Forbidden(
            "This model was trained for nobody, so nobody can delete it here. What an engine has fetched is removed "
            "by the operator: `stts models remove`, or DELETE /models/{model_id}.",
            param="model",
        )

    @policy(RouteKind.USE, Public.LISTED, role=Role.READ)
    async def speaking(self) -> ModelNames:
        return ModelNames(models=[ModelName(id=name) for name in self._models.names("tts")])

    def _all(self) -> list[str]:
        return [*self._models.names("tts", "stt"), *SESSIONS]

    def _require(self, model: str) -> None:
        known = self._all()
        if not {model, model.strip().lower(), without_version(model)}.intersection(known):
            near = nearest(model, known)
            hint = f" Near it are: {', '.join(near)}." if near else ""
            raise UnknownModel(f"There is no such model; GET /v1/models lists all.{hint}", param="model")

    def _shape(self, name: str) -> ModelShape:
        return ModelShape(id=name, created=self._models.created, owned_by=OWNER)
