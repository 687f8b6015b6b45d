"""POST /v1/text-to-speech/{voice_id}, streamed or not, with the times of its characters or without."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated

from fastapi import Path, Response
from fastapi import Query as QueryOf
from starlette.requests import Request

from middleware.stages.timing import server_timing
from routers.compat.elevenlabs.alignment import in_seconds
from routers.compat.elevenlabs.output_formats import read_output_format
from routers.compat.elevenlabs.schemas import Query, SpeechBody
from routers.compat.elevenlabs.speaking import Speaking, Wanted
from routers.core.tts import AUDIO
from routers.http.answer import Headers, stream_answer
from routers.http.audio_objects import MOST_BYTES, NO_ROOM, Rest, object_answer, object_line
from routers.http.deferred_route import deferred_router
from routers.http.names import NAME_CHARACTERS
from routers.http.operation import operation_context, principal_of, speech_headers
from routers.http.speech import speech_answer
from routers.http.timed_speech import timed_speech
from routers.http.whole_audio import Room
from routers.services import Services
from stts.access.policy import RouteKind, policy
from stts.context import Priority, RequestContext
from stts.errors import TextTooLong
from stts.speech import AudioChunk
from stts.streams.hold import Hold
from stts.text.timing import TimedText

VoiceId = Annotated[str, Path(max_length=NAME_CHARACTERS)]
Chunks = AsyncGenerator[AudioChunk, None]
MOST_IN_ONE_OBJECT = 10_000
"""Characters of a text whose audio is answered in one object, all of which is in memory."""
AUDIO_FIELD = "audio_base64"
STAND_IN = "That voice is not here: another one speaks."
PATH = "/v1/text-to-speech/{voice_id}"


class SpeechRoutes:
    def __init__(self, services: Services, speaking: Speaking) -> None:
        self._speaking = speaking
        self._settings = services.settings
        self.router = deferred_router("ElevenLabs")
        for path, route, summary in (
            (PATH, self.convert, "Speak a text"),
            (f"{PATH}/stream", self.stream, "Speak a text as it is made"),
            (f"{PATH}/with-timestamps", self.convert_with_timestamps, "Speak a text and tell the times"),
            (f"{PATH}/stream/with-timestamps", self.stream_with_timestamps, "The same as it is made"),
        ):
            self.router.add_api_route(
                path, route, methods=["POST"], response_class=Response, responses=AUDIO, summary=summary
            )

    @policy(RouteKind.USE, operates=True)
    async def convert(
        self, voice_id: VoiceId, body: SpeechBody, query: Annotated[Query, QueryOf()], request: Request
    ) -> Response:
        chunks, context = await self._spoken(voice_id, body, query, request, Priority.STREAM)
        whole_seconds = self._settings().tts.whole_seconds
        return speech_answer(chunks, context, stream=None, whole_seconds=whole_seconds, own_headers=told_cost(context))

    @policy(RouteKind.USE, operates=True)
    async def stream(
        self, voice_id: VoiceId, body: SpeechBody, query: Annotated[Query, QueryOf()], request: Request
    ) -> Response:
        chunks, context = await self._spoken(voice_id, body, query, request, Priority.STREAM)
        return speech_answer(chunks, context, stream=True, whole_seconds=0.0, own_headers=told_cost(context))

    @policy(RouteKind.USE, operates=True)
    async def convert_with_timestamps(
        self, voice_id: VoiceId, body: SpeechBody, query: Annotated[Query, QueryOf()], request: Request
    ) -> Response:
        """All in one object: the audio in base64, and when each character is heard."""
        if len(body.text) > MOST_IN_ONE_OBJECT:
            raise TextTooLong(f"In one object at most {MOST_IN_ONE_OBJECT} characters; streamed any.", param="text")
        chunks, context = await self._spoken(voice_id, body, query, request, Priority.COLLECTED)
        context.hold = Hold()

        return object_answer(
            timed_speech(chunks, context, body.text),
            AUDIO_FIELD,
            lambda times: (times,),
            _alignments,
            lambda: _headers(context, collected=True),
            Room(MOST_BYTES, NO_ROOM, "text"),
        )

    @policy(RouteKind.USE, operates=True)
    async def stream_with_timestamps(
        self, voice_id: VoiceId, body: SpeechBody, query: Annotated[Query, QueryOf()], request: Request
    ) -> Response:
        """One object a line. The times of a piece come with the last of its audio, and count from the very start."""
        chunks, context = await self._spoken(voice_id, body, query, request, Priority.STREAM)
        return stream_answer(_lines(chunks, context, body.text), lambda: _headers(context, collected=False))

    async def _spoken(
        self, voice_id: str, body: SpeechBody, query: Query, request: Request, priority: Priority
    ) -> tuple[Chunks, RequestContext]:
        self._speaking.check_length(body.text)
        wanted = Wanted(
            voice_id=voice_id,
            output_format=query.output_format,
            model_id=body.model_id,
            language=body.language_code,
            settings=body.voice_settings,
            seed=body.seed,
            parameters=body.parameters(),
        )
        config = await self._speaking.config(wanted, principal_of(request).permission)
        context = operation_context(request, "tts", characters=len(body.text), format=config.format, priority=priority)
        if self._speaking.ids.is_stood_in_for(voice_id):
            context.warn(STAND_IN)
        if not query.enable_logging:
            context.input_data.cache = "none"
        return self._speaking.speak(context, body.text, config, read_output_format(query.output_format)), context


async def _lines(chunks: Chunks, context: RequestContext, text: str) -> AsyncGenerator[bytes, None]:
    async with aclosing(timed_speech(chunks, context, text)) as heard:
        async for item in heard:
            pieces = () if item.times is None else (item.times,)
            yield await object_line(AUDIO_FIELD, item.data, _alignments(pieces))


def _alignments(pieces: Sequence[TimedText]) -> Rest:
    alignment = in_seconds(pieces)
    return {"alignment": alignment, "normalized_alignment": alignment}


def _headers(context: RequestContext, *, collected: bool) -> dict[str, str]:
    timing = server_timing(context, collected=collected)
    told = told_cost(context)()
    return {**speech_headers(context), "server-timing": timing, **told, "content-type": "application/json"}


def told_cost(context: RequestContext) -> Headers:
    """The header by which clients of the hosted service know what a request cost."""
    told = {"character-cost": str(context.input_data.characters)}
    return lambda: told
