"""Errors of the core in OpenAI's words. Their body and status are those of middleware/edge/errors.py under /v1."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from middleware.edge.errors import openai_error
from routers.http.sse import event
from stts.errors import AudioTooLong, STTSError, UndecodableAudio

Item = TypeVar("Item")

PARAMS = {
    "text": "input",
    "engine": "model",
    "task": "model",
    "format": "response_format",
    "word_timestamps": "timestamp_granularities",
}
"""What the core calls a field -> what the client called it."""

AUDIO_ERRORS = (UndecodableAudio, AudioTooLong)
"""About the file, whatever field it came in."""


async def in_dialect(items: AsyncGenerator[Item, None]) -> AsyncGenerator[Item, None]:
    """The items of an operation; its errors name the fields of this dialect."""
    async with aclosing(items):
        try:
            async for item in items:
                yield item
        except STTSError as error:
            error.param = "file" if isinstance(error, AUDIO_ERRORS) else PARAMS.get(error.param or "", error.param)
            raise


def error_event(type: str, error: STTSError) -> str:
    """The last event of a stream that failed: the official clients raise for it."""
    return event({"type": type, **openai_error(error)})
