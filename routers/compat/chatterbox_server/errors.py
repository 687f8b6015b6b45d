"""Errors of Chatterbox-TTS-Server: FastAPI's body, with 400 and 404 for voices."""

from __future__ import annotations

from middleware.edge.dialect import RenderedError
from routers.http.detail_errors import detail_fields
from stts.errors import InvalidRequest, NotFound, STTSError, UnknownVoice


class UnsuitableName(InvalidRequest):
    """A voice is missing, or its name is a path."""

    status = 400


class NoSuchFile(NotFound):
    """`named` is what this client is told; the message, which the log has too, does not repeat what was sent."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind} not found.", param="voice")
        self.named = f"{kind} '{name}' not found."


def render_error(error: STTSError, request_id: str) -> RenderedError:
    if isinstance(error, NoSuchFile):
        return RenderedError(error.status, "application/json", {"detail": error.named})
    status = 404 if isinstance(error, UnknownVoice) else error.status
    body = detail_fields(error) if status == 422 else {"detail": error.message}
    return RenderedError(status, "application/json", body)
