"""Errors of OpenAI's audio API: their status, and the fields that they name."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from middleware.edge.dialect import RenderedError
from middleware.edge.problem import message_with_list
from routers.http.openai_errors import openai_error, retry_headers
from routers.http.sse import event
from stts.errors import AudioTooLong, STTSError, UndecodableAudio

Item = TypeVar("Item")

PARAMS = {
    "text": "input",
    "engine": "model",
    "task": "model",
    "format": "response_format",
    "word_timestamps": "timestamp_granularities",
    "speakers": "response_format",
}
"""Name of a field in the core -> its name in OpenAI's API."""

AUDIO_ERRORS = (UndecodableAudio, AudioTooLong)
"""Errors about the uploaded file, whatever field it came in."""


def render_openai_error(error: STTSError, request_id: str) -> RenderedError:
    """OpenAI's clients know 400, not 422, and repeat what may go better then."""
    status = 400 if error.status == 422 else error.status
    message = message_with_list(error, voices="/v1/audio/voices", models="/v1/models")
    return RenderedError(status, "application/json", openai_error(error, message), retry_headers(error, status))


async def in_dialect(items: AsyncGenerator[Item, None]) -> AsyncGenerator[Item, None]:
    """Yields the items of an operation; its errors name the fields of this dialect."""
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
