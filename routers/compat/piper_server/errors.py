"""Errors of the Piper TTS Server: FastAPI's `{"detail": ...}`; what is wrong in a field's content is 400."""

from __future__ import annotations

from middleware.edge.dialect import RenderedError
from middleware.edge.problem import InvalidFields
from routers.http.detail_errors import detail_fields, detail_text
from stts.errors import STTSError

JSON = "application/json"
INVALID, BAD_REQUEST = 422, 400


def render_piper_error(error: STTSError, request_id: str) -> RenderedError:
    if isinstance(error, InvalidFields):
        return RenderedError(error.status, JSON, detail_fields(error))
    return RenderedError(BAD_REQUEST if error.status == INVALID else error.status, JSON, detail_text(error))
