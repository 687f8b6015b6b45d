"""Errors as ElevenLabs words them: a `detail` with a status in words, or the list of the fields that are wrong."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from middleware.edge.dialect import RenderedError
from middleware.edge.problem import InvalidFields, message_with_list, plain_name
from routers.http.detail_errors import WrongField, detail_fields
from routers.sockets.socket_dialect import SocketDialect
from stts.access.allowances import QuotaExceeded
from stts.errors import (
    Busy,
    NotFound,
    STTSError,
    TextTooLong,
    TooManyRequests,
    Unauthorized,
    UnknownModel,
    UnknownVoice,
    UnsupportedFormat,
)

PARAMS = {"voice": "voice_id", "engine": "model_id", "language": "language_code", "speed": "voice_settings.speed"}
"""Name of a field in the core -> its name here."""

NO_KEY = (
    "This API key is not known here, or is no longer valid. It goes into the header xi-api-key, "
    "or into the first message of a socket as xi_api_key."
)

_STATUSES: tuple[tuple[type[STTSError], int, str, str], ...] = (
    (UnknownVoice, 404, "voice_not_found", "not_found"),
    (UnknownModel, 400, "model_not_found", "validation_error"),
    (TextTooLong, 400, "max_character_limit_exceeded", "validation_error"),
    (UnsupportedFormat, 400, "output_format_not_allowed", "validation_error"),
    (Unauthorized, 401, "invalid_api_key", "authentication_error"),
    (QuotaExceeded, 401, "quota_exceeded", "payment_required"),
    (TooManyRequests, 429, "too_many_concurrent_requests", "rate_limit_error"),
    (Busy, 429, "system_busy", "rate_limit_error"),
    (NotFound, 404, "not_found", "not_found"),
)
"""Error -> status of the answer, its status in words, and its type; the first that fits counts."""


class ErrorDetail(BaseModel):
    status: str = Field(description="What was wrong, in one word.")
    message: str = Field(description="What was wrong, for people.")
    type: str = Field(description="The kind of error.")
    code: str = Field(description="The same as `status`.")
    request_id: str
    param: str | None = None


class ElevenLabsError(BaseModel):
    """The body of its errors; a list where fields are wrong (422)."""

    detail: ErrorDetail | list[WrongField]


def render_elevenlabs_error(error: STTSError, request_id: str) -> RenderedError:
    if isinstance(error, InvalidFields):
        return RenderedError(422, "application/json", detail_fields(error))
    status, word, kind = words_of(error)
    listed = message_with_list(error, voices="/v1/voices", models="/v1/models")
    message = NO_KEY if isinstance(error, Unauthorized) else listed
    detail: dict[str, Any] = {"status": word, "message": message, "type": kind, "code": word}
    detail["request_id"] = request_id
    if error.param is not None:
        detail["param"] = plain_name(PARAMS.get(error.param, error.param))
    return RenderedError(status, "application/json", {"detail": detail})


def socket_error(error: STTSError, request_id: str, fatal: bool) -> dict[str, Any]:
    """The event of an error on a socket; the socket is closed behind it."""
    message = NO_KEY if isinstance(error, Unauthorized) else error.message
    return {"message": message, "error": words_of(error)[1], "code": 1008 if error.status < 500 else 1011}


SOCKET = SocketDialect(error_event=socket_error)


def words_of(error: STTSError) -> tuple[int, str, str]:
    """Status of the answer, status in words, type."""
    for kind, status, word, type in _STATUSES:
        if isinstance(error, kind):
            return status, word, type
    # 422 is for fields that do not fit their model.
    status = 400 if error.status == 422 else error.status
    return status, error.code, "server_error" if status >= 500 else "validation_error"
