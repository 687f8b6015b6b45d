"""Errors of the TTS Batch API: FastAPI's `{"detail": ...}`, and 403 for a token that is missing or wrong."""

from __future__ import annotations

from middleware.edge.dialect import RenderedError
from routers.http.detail_errors import detail_fields, detail_text
from stts.errors import STTSError, UnknownVoice

FORBIDDEN = 403


def render_batch_error(error: STTSError, request_id: str) -> RenderedError:
    """No key, a wrong one and one that may not do this are all the same there."""
    if error.status in (401, FORBIDDEN):
        return RenderedError(FORBIDDEN, "application/json", {"detail": "Forbidden"})
    if isinstance(error, UnknownVoice):
        return RenderedError(400, "application/json", detail_text(error))
    return RenderedError(error.status, "application/json", detail_fields(error))
