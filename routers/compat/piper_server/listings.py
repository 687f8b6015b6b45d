"""GET /health, /info, /voices, /model_card/{model}, /demo/{model} and /docs."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from middleware.listener import listener_of
from routers.compat.piper_server.models import Model, SpeechModels
from routers.compat.piper_server.pages import DOCUMENT, HEADERS, card_of, demo_page
from routers.compat.piper_server.schemas import Healthy, Info, InfoSettings, ModelShape, SpeakerShape
from routers.compat.piper_server.speech import TEXT_CHARACTERS
from routers.http.deferred_route import deferred_router
from stts import __version__
from stts.access.policy import Public, RouteKind, policy
from stts.access.roles import Role

SERVICE = "Piper TTS"
AT_ONCE = 10
"""Requests at once that are told where the listener has no bound of its own."""
MARKDOWN = "text/markdown; charset=utf-8"


class PiperListingRoutes:
    def __init__(self, models: SpeechModels) -> None:
        self._models = models
        self.router = deferred_router("Piper TTS Server")
        add = self.router.add_api_route
        add("/health", self.health, methods=["GET"], response_model=Healthy, summary="Is it alive")
        add("/info", self.info, methods=["GET"], response_model=Info, summary="What it can do")
        add(
            "/voices", self.voices, methods=["GET"], response_model=dict[str, ModelShape], summary="Models and speakers"
        )
        add("/model_card/{model}", self.model_card, methods=["GET"], response_class=Response, summary="About a model")
        add("/demo/{model}", self.demo, methods=["GET"], response_class=HTMLResponse, summary="A page to hear a model")
        add("/docs", self.docs, methods=["GET"], response_class=HTMLResponse, include_in_schema=False)

    @policy(RouteKind.HEALTH, Public.ANYWHERE)
    async def health(self, request: Request) -> Healthy:
        models = await self._models.all(listener_of(request.scope).output())
        return Healthy(version=__version__, models_available=len(models))

    @policy(RouteKind.USE, role=Role.READ)
    async def info(self, request: Request) -> Info:
        listener = listener_of(request.scope)
        output = listener.output()
        return Info(
            service=SERVICE,
            version=__version__,
            models=[*await self._models.all(output)],
            api=f"{_root(request)}/docs",
            settings=InfoSettings(
                max_text_length=output.text_characters or TEXT_CHARACTERS,
                max_concurrent_requests=listener.rates().operations_at_once or AT_ONCE,
            ),
        )

    @policy(RouteKind.USE, role=Role.READ)
    async def voices(self, request: Request) -> dict[str, ModelShape]:
        """Models by name, each with its speakers."""
        models = await self._models.all(listener_of(request.scope).output())
        return {name: _shape(model, _root(request)) for name, model in models.items()}

    @policy(RouteKind.USE, role=Role.READ)
    async def model_card(self, model: str, request: Request) -> Response:
        """The card of its makers as Markdown, or what this server knows of it."""
        found = await self._models.find(model, listener_of(request.scope).output())
        card = await asyncio.to_thread(self._models.card, found)
        return Response(card or card_of(found, self._models.licence(found)), media_type=MARKDOWN)

    @policy(RouteKind.PAGE, role=Role.READ)
    async def demo(self, model: str, request: Request) -> Response:
        found = await self._models.find(model, listener_of(request.scope).output())
        return HTMLResponse(demo_page(found.name, f"{_root(request)}/demo/{quote(found.name)}/raw"), headers=HEADERS)

    @policy(RouteKind.PAGE, Public.ALWAYS)
    async def docs(self) -> Response:
        return HTMLResponse(DOCUMENT, headers=HEADERS)


def _shape(model: Model, root: str) -> ModelShape:
    return ModelShape(
        speakers=[SpeakerShape(index=each.index, id=each.id) for each in model.speakers],
        model_card=f"{root}/model_card/{quote(model.name)}",
        demo=f"{root}/demo/{quote(model.name)}",
    )


def _root(request: Request) -> str:
    """The prefix before all paths of the listener, where it has one."""
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/")
