"""POST /tts and GET /tts: text in, speech out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response

from middleware.edge.methods import is_head_only
from middleware.listener import listener_of
from routers.core.tts_schemas import SpeechFields
from routers.http.deferred_route import deferred_router
from routers.http.listener_speech import with_defaults
from routers.http.operation import operation_context, principal_of
from routers.http.speech import speech_answer
from routers.services import Services
from stts.access.policy import RouteKind, policy
from stts.audio.formats import FORMATS
from stts.errors import InvalidParameter
from stts.plans import SpeechRequest
from stts.speech import SynthesisConfig

AUDIO: dict[int | str, dict[str, Any]] = {
    200: {"content": {spec.media_type: {} for spec in FORMATS.values()}, "description": "The audio."}
}


class TTSRoutes:
    def __init__(self, services: Services) -> None:
        self._speak = services.speak
        self._plan_speech = services.selection.plan_speech
        self._settings = services.settings
        self.router = deferred_router("speak")
        add = self.router.add_api_route
        add("/tts", self.post, methods=["POST"], response_class=Response, responses=AUDIO, summary="Speak a text")
        add("/tts", self.get, methods=["GET"], response_class=Response, responses=AUDIO, summary="Speak a short text")

    @policy(RouteKind.USE, operates=True)
    async def post(self, fields: SpeechFields, request: Request) -> Response:
        """Whole where all is made at once, else streamed from the first piece.

        Further fields belong to the engine; GET /engines has their schema.
        """
        return self._answer(fields, request)

    @policy(RouteKind.USE, operates=True)
    async def get(self, fields: Annotated[SpeechFields, Query()], request: Request) -> Response:
        """The same by query, for the `src` of an `<audio>` element. Saves nothing: any page may make a browser GET."""
        if fields.save:
            raise InvalidParameter("Only POST /tts saves.", param="save", allowed=["false"])
        if is_head_only(request.scope):
            return await self._head(fields, request)
        return self._answer(fields, request)

    async def _head(self, fields: SpeechFields, request: Request) -> Response:
        """Answers HEAD with the headers of a GET, as far as known without synthesis; players send HEAD first."""
        config = _config(fields, request)
        await self._plan_speech(config)
        answer = Response(media_type=FORMATS[config.format].media_type)
        # Its length, and whether it may be kept or sought in, is known of audio that is made.
        del answer.headers["content-length"]
        return answer

    def _answer(self, fields: SpeechFields, request: Request) -> Response:
        config = _config(fields, request)
        context = operation_context(
            request, "tts", characters=len(fields.text), format=config.format, priority=fields.priority
        )
        chunks = self._speak(context, SpeechRequest(fields.text, config, saved=fields.save))
        whole_seconds = self._settings().tts.whole_seconds
        return speech_answer(chunks, context, stream=fields.stream, whole_seconds=whole_seconds)


def _config(fields: SpeechFields, request: Request) -> SynthesisConfig:
    config = fields.config(listener_of(request.scope).output().format, principal_of(request).permission)
    return with_defaults(request, fields.text, config)
