"""POST /synthesizeSpeech and GET /health, as clients of the TTS Batch API know them."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from middleware.listener import listener_of
from routers.compat.batch_api.schemas import Healthy, SynthesizeSpeech
from routers.http.deferred_route import PlainRoute, deferred_router
from routers.http.listener_speech import cache_header, check_length, listener_config
from routers.http.operation import operation_context
from routers.http.speech import whole_speech
from routers.services import Services
from stts.access.policy import Public, RouteKind, policy
from stts.cache.aliases import alias_of
from stts.context import Priority, RequestContext
from stts.plans import SpeechRequest

RAW = "audio/x-raw"
SAMPLE_RATE = 22_050
"""Hz that clients expect, who are told no rate by the answer alone."""

AUDIO: dict[int | str, dict[str, Any]] = {
    200: {"content": {RAW: {}}, "description": "Samples: signed 16 bit, little-endian, mono."}
}


class BatchAPIRoutes:
    def __init__(self, services: Services) -> None:
        self._speak = services.speak
        self.router = deferred_router("TTS Batch API")
        for path in ("/synthesizeSpeech", "/v1/synthesizeSpeech"):
            self.router.add_api_route(
                path,
                self.synthesize,
                methods=["POST"],
                response_class=Response,
                responses=AUDIO,
                summary="Speak a text as raw samples",
            )
        self.router.add_api_route(
            "/health",
            self.health,
            methods=["GET"],
            response_model=Healthy,
            summary="Is it alive",
            route_class_override=PlainRoute,
        )

    @policy(RouteKind.USE, operates=True)
    async def synthesize(self, fields: SynthesizeSpeech, request: Request) -> Response:
        """The whole text, with its length. The same text is the same bytes for as long as the cache keeps it."""
        output = listener_of(request.scope).output()
        check_length(fields.text, output)
        rate = fields.sample_rate or output.sample_rate or SAMPLE_RATE
        config = listener_config(request, format="pcm", voice=fields.model, sample_rate=rate)
        context = operation_context(
            request, "tts", characters=len(fields.text), format=config.format, priority=Priority.COLLECTED
        )
        if rate == SAMPLE_RATE:
            context.input_data.alias = alias_of(config.voice, fields.text)
        chunks = self._speak(context, SpeechRequest(fields.text, config))
        return whole_speech(chunks, context, lambda: _headers(context))

    @policy(RouteKind.HEALTH, Public.ANYWHERE)
    async def health(self) -> Response:
        """The process is alive. Touches nothing else."""
        return Response(b'{"status":"healthy"}', media_type="application/json")


def _headers(context: RequestContext) -> dict[str, str]:
    return {"content-type": RAW, **cache_header(context)}
