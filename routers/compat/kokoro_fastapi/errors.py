"""Errors as Kokoro-FastAPI words them: an object in `detail`, and FastAPI's own list where fields are wrong."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from middleware.edge.dialect import RenderedError
from middleware.edge.problem import InvalidFields, message_with_list
from routers.http.detail_errors import WrongField, detail_fields
from stts.errors import Forbidden, NotFound, STTSError, UnknownModel

_WORDS: tuple[tuple[type[STTSError], int, str, str], ...] = (
    (UnknownModel, 400, "invalid_model", "invalid_request_error"),
    (Forbidden, 403, "permission_denied", "permission_error"),
)
"""Error -> status of the answer, its name, and its type; the first that fits counts."""


class Detail(BaseModel):
    error: str
    message: str
    type: str


class KokoroError(BaseModel):
    """The body of its errors; a list where fields are wrong (422)."""

    detail: Detail | list[WrongField]


def render_kokoro_error(error: STTSError, request_id: str) -> RenderedError:
    if isinstance(error, InvalidFields):
        return RenderedError(422, "application/json", detail_fields(error))
    status, name, kind = _words_of(error)
    detail: dict[str, Any] = {
        "error": name,
        "message": message_with_list(error, voices="/v1/audio/voices", models="/v1/models"),
        "type": kind,
    }
    return RenderedError(status, "application/json", {"detail": detail})


def _words_of(error: STTSError) -> tuple[int, str, str]:
    for kind, status, name, type in _WORDS:
        if isinstance(error, kind):
            return status, name, type
    if isinstance(error, NotFound):
        return 404, error.code, "invalid_request_error"
    if error.status in (400, 422):
        return 400, "validation_error", "invalid_request_error"
    if error.status == 500:
        return 500, "processing_error", "server_error"
    return error.status, error.code, "server_error" if error.status > 500 else "invalid_request_error"
