"""OpenAI's error body, shared by the dialects of its APIs."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from middleware.edge.problem import plain_name
from stts.errors import STTSError

TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
"""Status -> OpenAI's kind of error."""


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
