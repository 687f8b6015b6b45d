"""OpenAI's error body, shared by the dialects of its APIs."""

from __future__ import annotations

import math
from typing import Any

from pydantic import BaseModel, Field

from middleware.edge.problem import plain_name
from stts.errors import Conflict, NotCompleteYet, STTSError

TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
"""Status -> OpenAI's kind of error."""
PATIENCE_SECONDS = 120.0
"""Longest wait that OpenAI's clients take from an answer: told a longer one, they do not wait at all."""


class OpenAIErrorDetail(BaseModel):
    message: str = Field(description="What was wrong, for people.")
    type: str = Field(description="OpenAI's kind of error.")
    param: str | None = Field(description="The field that was wrong.")
    code: str | None = Field(description="Machine-readable and stable.")


class OpenAIError(BaseModel):
    """OpenAI's error body."""

    error: OpenAIErrorDetail


def openai_error(error: STTSError, message: str | None = None) -> dict[str, Any]:
    """OpenAI's `{"error": {...}}`. `message`: in place of the error's own."""
    default = "server_error" if error.status >= 500 else "invalid_request_error"
    allowed = f" Allowed: {', '.join(map(str, error.allowed))}." if error.allowed else ""
    return {
        "error": {
            "message": f"{message or error.message}{allowed}",
            "type": TYPES.get(error.status, default),
            "param": None if error.param is None else plain_name(error.param),
            "code": error.code,
        }
    }


def repeated_by_clients(status: int) -> bool:
    """True for answers that OpenAI's clients follow by the same request, unless they are told not to."""
    return status in (408, 409, 429) or status >= 500


def retry_headers(error: STTSError, status: int) -> dict[str, str]:
    """Headers that tell OpenAI's clients when to repeat a request, and where that would fail again."""
    headers: dict[str, str] = {}
    wait = error.retry_after
    if repeated_by_clients(status) and not _may_help(error):
        headers["X-Should-Retry"] = "false"
    if wait is not None:
        wait = min(max(wait, 0.0), PATIENCE_SECONDS)
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
        headers["Retry-After-Ms"] = str(math.ceil(wait * 1000))
    return headers


def _may_help(error: STTSError) -> bool:
    """True if the same request may be answered otherwise, and within the time that clients wait."""
    if not error.retryable or (isinstance(error, Conflict) and not isinstance(error, NotCompleteYet)):
        return False
    return error.retry_after is None or error.retry_after <= PATIENCE_SECONDS
