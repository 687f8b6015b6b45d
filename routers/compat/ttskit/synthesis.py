"""POST /api/v1/synth, /api/v1/synth/batch and GET /api/v1/synth/preview."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, cast

from fastapi import Query, Request, Response
from pybase64 import b64encode
from starlette.types import Message, Send

from middleware.listener import ListenerSettings
from routers.compat.ttskit.errors import detail_of
from routers.compat.ttskit.options import TTSKitOptions
from routers.compat.ttskit.schemas import FORMATS as FORMATS_HERE
from routers.compat.ttskit.schemas import (
    BatchAnswer,
    BatchItem,
    BatchRequest,
    Format,
    Language,
    Preview,
    SpeechFields,
    SynthRequest,
    Text,
    Wishes,
    beginning,
)
from routers.http.answer import Answer, collected_answer
from routers.http.deferred_route import deferred_router
from routers.http.names import EngineName, VoiceName
from routers.http.operation import header_value, operation_context, principal_of
from routers.http.speech import collected_speech
from routers.http.whole_audio import Room, whole_audio
from routers.services import Services
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role
from stts.audio.formats import FORMATS
from stts.context import Priority, RequestContext
from stts.engine_state import AUTO
from stts.errors import STTSError
from stts.plans import SpeechRequest
from stts.scheduling.chunking import CHARACTERS_PER_SECOND
from stts.streams.hold import Hold

AT_ONCE = 4
"""Texts of one batch that are spoken at once."""
MOST_BYTES = 64_000_000
"""Audio of one batch, which is in memory until it is sent."""
NO_ROOM = f"The audio of all texts together is longer than {MOST_BYTES} bytes: ask for ogg or mp3, or send fewer."
AUDIO: dict[int | str, dict[str, Any]] = {
    200: {"content": {FORMATS[name].media_type: {} for name in FORMATS_HERE.values()}, "description": "The audio."}
}


class SynthesisRoutes:
    def __init__(self, services: Services, listener: ListenerSettings) -> None:
        self._speak = services.speak
        self._plan = services.selection.plan_speech
        self._usable = services.engines.usable
        self._output = listener.output
        self._options = cast(TTSKitOptions, listener.options or TTSKitOptions())
        self.router = deferred_router("TTSKit")
        add = self.router.add_api_route
        add("/api/v1/synth", self.synth, methods=["POST"], response_class=Response, responses=AUDIO)
        add("/api/v1/synth/batch", self.batch, methods=["POST"], response_model=BatchAnswer)
        add("/api/v1/synth/preview", self.preview, methods=["GET"], response_model=Preview)

    @policy(RouteKind.USE, operates=True)
    async def synth(self, fields: SynthRequest, request: Request) -> Response:
        """The whole file, with its length, duration, engine and voice in headers."""
        wishes = self._wishes(fields.text, fields)
        context, work = self._work(wishes, request)
        return _named(collected_speech(self._speak(context, work), context), context, wishes.format)

    @policy(RouteKind.USE)
    async def batch(self, fields: BatchRequest, request: Request) -> Response:
        """Each text is spoken by itself; one that fails does not end the others."""
        places, room = asyncio.Semaphore(AT_ONCE), Room(MOST_BYTES, NO_ROOM, "texts")

        async def make() -> Response:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._item(request, index, text, fields, places, room))
                    for index, text in enumerate(fields.texts)
                ]
            items = [task.result() for task in tasks]
            successful = sum(item.success for item in items)
            answer = BatchAnswer(
                success=True,
                total_texts=len(items),
                successful=successful,
                failed=len(items) - successful,
                results=items,
            )
            told = await asyncio.to_thread(answer.model_dump_json, exclude_none=True)
            return Response(told, media_type="application/json")

        return collected_answer(make, request.scope, request.receive)

    @policy(RouteKind.USE, role=Role.READ)
    async def preview(
        self,
        request: Request,
        text: Annotated[Text, Query()],
        lang: Annotated[Language, Query()] = None,
        engine: Annotated[EngineName, Query()] = AUTO,
        voice: Annotated[VoiceName, Query()] = None,
    ) -> Preview:
        """Tells what would speak, and for about how long. Nothing is spoken."""
        wishes = self._wishes(text, SpeechFields(lang=lang, engine=engine, voice=voice))
        config = wishes.config(principal_of(request).permission)
        plan = await self._plan(config, Priority.COLLECTED, wishes.text)
        return Preview(
            text_preview=beginning(wishes.text),
            text_length=len(wishes.text),
            language=wishes.language,
            engine=plan.instance,
            voice=plan.voice.id,
            estimated_duration=round(len(wishes.text) / CHARACTERS_PER_SECOND, 2),
            available_engines=await self._usable("tts"),
        )

    def _wishes(self, text: str, fields: SpeechFields) -> Wishes:
        return Wishes(text, fields, self._output(), self._options)

    def _work(self, wishes: Wishes, request: Request) -> tuple[RequestContext, SpeechRequest]:
        config = wishes.config(principal_of(request).permission)
        context = operation_context(
            request, "tts", characters=len(wishes.text), format=config.format, priority=Priority.COLLECTED
        )
        context.hold = Hold()
        return context, SpeechRequest(wishes.text, config)

    async def _item(
        self, request: Request, index: int, text: str, fields: BatchRequest, places: asyncio.Semaphore, room: Room
    ) -> BatchItem:
        async with places:
            try:
                wishes = self._wishes(text, fields)
                context, work = self._work(wishes, request)
                audio = await whole_audio(self._speak(context, work), room)
            except STTSError as error:
                return BatchItem(index=index, success=False, error=detail_of(error))
        output = context.output_data
        return BatchItem(
            index=index,
            success=True,
            text=beginning(text),
            audio_base64=(await asyncio.to_thread(b64encode, audio)).decode(),
            duration=_seconds(context),
            size=len(audio),
            format=wishes.format,
            engine=output.engine,
            voice=output.voice,
        )


def _named(answer: Answer, context: RequestContext, format: Format) -> Answer:
    """The answer with the headers that TTSKit's clients read."""

    async def respond(send: Send) -> None:
        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_headers(message, context, format)]}
            await send(message)

        await answer.respond(send_named)

    return Answer(respond)


def _headers(message: Message, context: RequestContext, format: Format) -> list[tuple[bytes, bytes]]:
    output = context.output_data
    size = dict(message["headers"])[b"content-length"]
    return [
        (b"content-disposition", f"attachment; filename=synthesis.{format}".encode()),
        (b"x-audio-size", size),
        (b"x-engine-used", header_value(output.engine or "").encode()),
        (b"x-voice-used", header_value(output.voice or "").encode()),
    ]


def _seconds(context: RequestContext) -> float:
    return round(context.metrics.audio_seconds or 0.0, 3)
