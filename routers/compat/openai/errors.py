"""Errors in OpenAI's words: their body, their status, and the fields that they name."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, TypeVar

from pydantic import BaseModel, Field

from middleware.edge.dialect import RenderedError
from middleware.edge.problem import plain_name
from routers.http.sse import event
from stts.errors import AudioTooLong, STTSError, UndecodableAudio

Item = TypeVar("Item")

TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
"""Status -> OpenAI's kind of error."""

PARAMS = {
    "text": "input",
    "engine": "model",
    "task": "model",
    "format": "response_format",
    "word_timestamps": "timestamp_granularities",
}
"""Name of a field in the core -> its name in OpenAI's API."""

AUDIO_ERRORS = (UndecodableAudio, AudioTooLong)
"""Errors about the uploaded file, whatever field it came in."""


class OpenAIErrorDetail(BaseModel):
    message: str = Field(description="What was wrong, for people.")
    type: str = Field(description="OpenAI's kind of error.")
    param: str | None = Field(description="The field that was wrong.")
    code: str | None = Field(description="Machine-readable and stable.")


class OpenAIError(BaseModel):
    """OpenAI's error body."""

    error: OpenAIErrorDetail


def openai_error(error: STTSError) -> dict[str, Any]:
    """OpenAI's `{"error": {...}}`."""
    default = "server_error" if error.status >= 500 else "invalid_request_error"
    allowed = f" Allowed: {', '.join(map(str, error.allowed))}." if error.allowed else ""
    return {
        "error": {
            "message": f"{error.message}{allowed}",
            "type": TYPES.get(error.status, default),
            "param": None if error.param is None else plain_name(error.param),
            "code": error.code,
        }
    }


def render_openai_error(error: STTSError, request_id: str) -> RenderedError:
    """OpenAI's clients know 400, not 422."""
    status = 400 if error.status == 422 else error.status
    return RenderedError(status, "application/json", openai_error(error))


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
