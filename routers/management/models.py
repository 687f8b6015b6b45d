"""/models and /model_card: the model catalogue, fetching and removing models."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Path, Request, Response

from adapters.model_library import ModelLibrary
from middleware.edge.auditing import note_audit
from routers.http.deferred_route import deferred_router
from routers.http.jobs import STARTED, JobShape, started
from routers.http.operation import principal_of
from routers.management.model_schemas import ModelCard, ModelShape, PullFields
from stts.access.audit import Action
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role

ModelId = Annotated[str, Path(max_length=100)]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such model."}}
REFUSED: dict[int | str, dict[str, Any]] = {
    **NOT_FOUND,
    409: {"description": "It is in use, being fetched, or was not fetched by this server."},
    507: {"description": "Its folder cannot be written."},
}


class ModelRoutes:
    def __init__(self, library: ModelLibrary) -> None:
        self._library = library
        self.router = deferred_router("models")
        add = self.router.add_api_route
        add("/models", self.listing, methods=["GET"], response_model=list[ModelShape])
        add(
            "/models/pull",
            self.pull,
            methods=["POST"],
            response_model=JobShape,
            status_code=202,
            responses={**NOT_FOUND, **STARTED},
        )
        add("/models/{model_id}", self.show, methods=["GET"], response_model=ModelShape, responses=NOT_FOUND)
        add("/models/{model_id}", self.remove, methods=["DELETE"], response_model=ModelShape, responses=REFUSED)
        add("/model_card/{model_id}", self.card, methods=["GET"], response_model=ModelCard, responses=NOT_FOUND)

    @policy(RouteKind.MANAGE, role=Role.READ)
    async def listing(self) -> list[ModelShape]:
        """All models of the catalogue, with what of them is on this machine."""
        return [ModelShape.of(each) for each in await self._library.statuses()]

    @policy(RouteKind.MANAGE, role=Role.READ)
    async def show(self, model_id: ModelId) -> ModelShape:
        return ModelShape.of(await self._library.status(model_id))

    @policy(RouteKind.MANAGE, action=Action.MODEL_PULL)
    async def pull(self, request: Request, fields: Annotated[PullFields, Body()]) -> Response:
        """Fetches a model from the first of its sources that has it, as a job.

        It goes on where an earlier one broke off, and a second pull of a model that is being fetched is the same job.
        """
        note_audit(request, fields.model)
        return started(self._library.pull(fields.model, principal_of(request).viewer.user_id))

    @policy(RouteKind.MANAGE, action=Action.MODEL_REMOVE)
    async def remove(self, model_id: ModelId) -> ModelShape:
        """Removes what the server has fetched of it; refused while an engine that uses it is loaded."""
        return ModelShape.of(await self._library.remove(model_id))

    @policy(RouteKind.MANAGE, role=Role.READ)
    async def card(self, model_id: ModelId) -> ModelCard:
        """All that is known of a model: licence, notes, sources, and each file with its digest."""
        return ModelCard.of(await self._library.status(model_id))
