"""Errors of TTSKit: `detail`, a word for the kind, and the id of the request. Its clients know 400 for what is wrong
with a text or a name, and 422 for a body that does not fit its model."""

from __future__ import annotations

from pydantic import BaseModel, Field

from middleware.edge.dialect import RenderedError
from middleware.edge.problem import InvalidFields
from stts.errors import EngineError, InvalidRequest, STTSError, TextTooLong

TYPES = {
    400: "validation_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "payload_too_large",
    422: "validation_error",
    429: "rate_limit_error",
    503: "unavailable",
}
OTHER = "internal_error"


class TTSKitError(BaseModel):
    detail: str = Field(description="What was wrong, for people.")
    error_type: str = Field(description="The kind of error.")
    request_id: str = Field(description="The same as in X-Request-ID; the log has it too.")


def render_ttskit_error(error: STTSError, request_id: str) -> RenderedError:
    status = status_of(error)
    body = TTSKitError(detail=detail_of(error), error_type=_type_of(error, status), request_id=request_id)
    return RenderedError(status, "application/json", body.model_dump())


def status_of(error: STTSError) -> int:
    is_about_values = isinstance(error, InvalidRequest) and error.status == 422
    return 400 if is_about_values and not isinstance(error, InvalidFields) else error.status


def detail_of(error: STTSError) -> str:
    return f"Validation error: {error.message}" if isinstance(error, InvalidFields) else error.message


def _type_of(error: STTSError, status: int) -> str:
    if isinstance(error, TextTooLong):
        return "text_too_long"
    if isinstance(error, EngineError):
        return "engine_error"
    return TYPES.get(status, OTHER if status >= 500 else TYPES[400])
