"""POST /v1/audio/speech/batch: a few short texts in one request, each with its audio or with why it has none.

OpenAI's own service has no such route; the shape of an item and of an error are those of /v1/audio/speech. Long work is
a job (`POST /jobs/speech`), which a broken connection does not end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Any

from fastapi import Request, Response
from pybase64 import b64encode
from pydantic import BaseModel, Field

from routers.compat.openai.errors import in_dialect
from routers.compat.openai.listener_defaults import speech_config
from routers.compat.openai.schemas import CreateSpeechRequest
from routers.http.answer import stream_answer
from routers.http.deferred_route import deferred_router
from routers.http.openai_errors import OpenAIErrorDetail, openai_error
from routers.http.operation import operation_context
from routers.http.whole_audio import Room, whole_audio
from routers.services import Services
from stts.access.policy import RouteKind, policy
from stts.context import Priority
from stts.errors import STTSError, TextTooLong
from stts.plans import SpeechRequest
from stts.streams.hold import Hold

MOST_ITEMS = 32
MOST_CHARACTERS = 16_000
"""Bound of all items together."""
MOST_BYTES = 32_000_000
"""Audio of all items together, which is in memory until it is sent. A slow WAV of so many characters were 200 MB."""
AT_ONCE = 4
"""Items spoken at once for one request."""
NO_ROOM = (
    f"The audio of all items together is longer than {MOST_BYTES} bytes: ask for mp3 or opus, send fewer, "
    "or begin a job (POST /jobs/speech)."
)


class SpeechBatchRequest(BaseModel):
    items: Annotated[list[CreateSpeechRequest], Field(min_length=1, max_length=MOST_ITEMS)] = Field(
        description="Each as for /v1/audio/speech; together at most 16,000 characters."
    )


class SpokenItem(BaseModel):
    index: int
    audio: str | None = Field(None, description="Base64; null where it failed.")
    media_type: str | None = None
    seconds: float | None = None
    warnings: list[str] = []
    error: OpenAIErrorDetail | None = None


class SpeechBatchAnswer(BaseModel):
    object: str = "list"
    data: list[SpokenItem]


class SpeechBatchRoutes:
    def __init__(self, services: Services) -> None:
        self._speak = services.speak
        self._models = services.models
        self._settings = services.settings
        self.router = deferred_router("OpenAI")
        self.router.add_api_route(
            "/v1/audio/speech/batch",
            self.create,
            methods=["POST"],
            response_model=SpeechBatchAnswer,
            summary="Speak a few texts",
        )

    @policy(RouteKind.USE)
    async def create(self, fields: SpeechBatchRequest, request: Request) -> Response:
        """Each item is spoken by itself; one that fails does not end the others. For more of them there are jobs."""
        settings = self._settings()
        if any(len(item.input) > settings.openai.input_characters for item in fields.items):
            limit = settings.openai.input_characters
            raise TextTooLong(f"An input is longer than the limit of {limit} characters.", param="input")
        if sum(len(item.input) for item in fields.items) > MOST_CHARACTERS:
            said = f"The inputs together are longer than {MOST_CHARACTERS} characters: begin a job."
            raise TextTooLong(said, param="items")

        return stream_answer(self._answer(request, fields.items), lambda: {"content-type": "application/json"})

    async def _answer(self, request: Request, items: Sequence[CreateSpeechRequest]) -> AsyncGenerator[bytes, None]:
        """Yields the whole answer in parts, the first when all items have ended."""
        places, room = asyncio.Semaphore(AT_ONCE), Room(MOST_BYTES, NO_ROOM, "items")
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._item(request, index, item, places, room)) for index, item in enumerate(items)
            ]
        yield b'{"object":"list","data":['
        for index, task in enumerate(tasks):
            if index:
                yield b","
            yield task.result()
        yield b"]}"

    async def _item(
        self, request: Request, index: int, item: CreateSpeechRequest, places: asyncio.Semaphore, room: Room
    ) -> bytes:
        """Tells the item as JSON."""
        async with places:
            try:
                return await self._spoken(request, index, item, room)
            except STTSError as error:
                detail: dict[str, Any] = openai_error(error)["error"]
                return _written(SpokenItem(index=index, error=OpenAIErrorDetail(**detail)))

    async def _spoken(self, request: Request, index: int, item: CreateSpeechRequest, room: Room) -> bytes:
        """Raises what the operation raises, and PayloadTooLarge."""
        config = speech_config(request, self._models, item)
        context = operation_context(
            request, "tts", characters=len(item.input), format=config.format, priority=Priority.COLLECTED
        )
        context.hold = Hold()
        chunks = in_dialect(self._speak(context, SpeechRequest(item.input, config)))
        data = await whole_audio(chunks, room)
        assert context.output_data.audio is not None
        spoken = SpokenItem(
            index=index,
            media_type=context.output_data.audio.media_type,
            seconds=round(context.metrics.audio_seconds or 0.0, 3),
            warnings=context.warnings,
        )
        return await asyncio.to_thread(_written, spoken, data)


def _written(item: SpokenItem, audio: bytearray | None = None) -> bytes:
    """JSON of an item. Its audio is put in as it is encoded, so there is no copy of it as text."""
    told = item.model_dump_json(exclude_none=True).encode()
    return told if audio is None else b'{"audio":"%b",%b' % (b64encode(audio), told[1:])
