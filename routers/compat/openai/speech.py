"""POST /v1/audio/speech: audio as it is made, or the same bytes in events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import Request, Response
from pybase64 import b64encode

from routers.compat.openai.errors import error_event, in_dialect
from routers.compat.openai.listener_defaults import speech_config
from routers.compat.openai.schemas import CreateSpeechRequest
from routers.core.tts import AUDIO
from routers.http.answer import Answer, event_answer
from routers.http.deferred_route import deferred_router
from routers.http.operation import event_headers, operation_context
from routers.http.speech import speech_answer
from routers.http.sse import event
from routers.http.usage import speech_usage
from routers.services import Services
from stts.access.policy import RouteKind, policy
from stts.context import RequestContext
from stts.errors import TextTooLong
from stts.plans import SpeechRequest
from stts.speech import AudioChunk


class SpeechRoutes:
    def __init__(self, services: Services) -> None:
        self._speak = services.speak
        self._models = services.models
        self._settings = services.settings
        self.router = deferred_router("OpenAI")
        self.router.add_api_route(
            "/v1/audio/speech",
            self.create,
            methods=["POST"],
            response_class=Response,
            responses={200: {**AUDIO[200], "content": {**AUDIO[200]["content"], "text/event-stream": {}}}},
            summary="Speak a text",
        )

    @policy(RouteKind.USE, operates=True)
    async def create(self, fields: CreateSpeechRequest, request: Request) -> Response:
        """Whole where all is made at once, else streamed from the first piece.

        Fields beyond these may be parameters of the engine; others are ignored.
        """
        self._check_length(fields.input)
        config = speech_config(request, self._models, fields)
        context = operation_context(
            request, "tts", characters=len(fields.input), format=config.format, priority=fields.priority
        )
        chunks = in_dialect(self._speak(context, SpeechRequest(fields.input, config)))
        if fields.stream_format == "sse":
            return _event_speech(chunks, context)
        whole_seconds = self._settings().tts.whole_seconds
        return speech_answer(chunks, context, stream=fields.stream, whole_seconds=whole_seconds)

    def _check_length(self, text: str) -> None:
        limit = self._settings().openai.input_characters
        if len(text) > limit:
            raise TextTooLong(f"The input is longer than the limit of {limit} characters.", param="input")


def _event_speech(chunks: AsyncGenerator[AudioChunk, None], context: RequestContext) -> Answer:
    return event_answer(
        _events(chunks, context),
        lambda: event_headers(context),
        lambda error: error_event("speech.audio.error", error),
    )


async def _events(chunks: AsyncGenerator[AudioChunk, None], context: RequestContext) -> AsyncGenerator[str, None]:
    """The data of all deltas, joined, is one file."""
    async with aclosing(chunks):
        async for chunk in chunks:
            if chunk.data:
                yield event({"type": "speech.audio.delta", "audio": b64encode(chunk.data).decode("ascii")})
    usage = speech_usage(context.metrics.characters or 0, context.metrics.audio_seconds or 0.0)
    yield event({"type": "speech.audio.done", "usage": usage})
