"""GET /v1/voices/{id}/preview: a few words with a voice, or the best part of its recording."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from starlette.types import Message, Send

from routers.core.voice_checks import VoiceChecks
from routers.http.answer import Answer, collected_answer
from routers.http.names import EngineName
from routers.http.operation import operation_context, principal_of
from routers.http.speech import speech_answer
from routers.management.voice_making import VoiceMaking
from routers.services import Services
from stts.audio.formats import FORMATS
from stts.engine_state import AUTO
from stts.errors import EngineNotInstalled, InvalidRequest
from stts.plans import SpeechRequest
from stts.speech import AudioFormat, SynthesisConfig
from stts.storage.files.records import StoredFile
from stts.voices.measure import WINDOW_SECONDS
from stts.voices.preview import preview_text

PREVIEW_CHARACTERS = 300
SOURCE_HEADER = b"x-preview-source"

Source = Literal["speech", "recording"]
SourceQuery = Annotated[
    Source | None,
    Query(description="Default: speech; the recording where no engine can and neither `engine` nor `text` is given."),
]
TextQuery = Annotated[str | None, Query(max_length=PREVIEW_CHARACTERS, description="Other words.")]
EngineQuery = Annotated[EngineName, Query(description="The engine that speaks.")]


class VoicePreview:
    def __init__(self, services: Services, checks: VoiceChecks, making: VoiceMaking) -> None:
        self._services = services
        self._checks = checks
        self._making = making

    async def answer(
        self,
        request: Request,
        stored: StoredFile,
        *,
        source: Source | None,
        text: str | None,
        engine: str = AUTO,
        format: AudioFormat = "wav",
    ) -> Response:
        """The header X-Preview-Source names what is heard. Raises as POST /tts does where an engine or a text is
        given, where speech is asked for, and where there is no recording."""
        config = SynthesisConfig(
            engine=engine,
            voice=stored.id,
            detected=stored.card.language,
            format=format,
            permission=principal_of(request).permission,
        )
        is_open = source is None and engine == AUTO and not text
        if source == "recording" or (is_open and not await self._speaks(config, stored)):
            return _named(self._recording(request, stored, format), "recording")
        words = text or preview_text(stored.card.language)
        context = operation_context(request, "tts", characters=len(words), format=format)
        chunks = self._services.speak(context, SpeechRequest(words, config))
        whole_seconds = self._services.settings().tts.whole_seconds
        return _named(speech_answer(chunks, context, stream=None, whole_seconds=whole_seconds), "speech")

    async def _speaks(self, config: SynthesisConfig, stored: StoredFile) -> bool:
        """True if an engine can, or if there is nothing else to be heard."""
        if stored.is_blend:
            return True
        try:
            await self._services.selection.plan_speech(config)
        except (InvalidRequest, EngineNotInstalled):
            return False
        return True

    def _recording(self, request: Request, stored: StoredFile, format: AudioFormat) -> Answer:
        if stored.is_blend:
            raise InvalidRequest("A blend has no recording.", param="source", allowed=["speech"])

        async def make() -> Response:
            with await asyncio.to_thread(stored.path.open, "rb") as file:
                figures = await self._checks.figures(file, WINDOW_SECONDS)
                part = await self._making.recordings.best_part(file, figures, format)
                return Response(part, media_type=FORMATS[format].media_type)

        return collected_answer(make, request.scope, request.receive)


def _named(answer: Answer, source: Source) -> Answer:
    """The answer with a header that names what is heard."""

    async def respond(send: Send) -> None:
        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (SOURCE_HEADER, source.encode())]
            await send(message)

        await answer.respond(send_named)

    return Answer(respond)
