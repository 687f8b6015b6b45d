"""Errors of the TTS Discord System: `detail`, a text, whatever went wrong."""

from __future__ import annotations

from middleware.edge.dialect import RenderedError
from routers.http.detail_errors import detail_text
from stts.errors import EngineError, EngineOutOfMemory, InvalidParameter, InvalidRequest, NotFound, STTSError

ON_THE_CPU = "The CPU has more of it: start with DEVICE=cpu."


class UnsuitableReference(InvalidRequest):
    """A recording that is there, and cannot be cloned."""

    status = 400


class NoSuchReference(NotFound):
    """`named` is what this client is told; the message, which the log has too, does not repeat what was sent."""

    def __init__(self, name: str) -> None:
        super().__init__("Voice file not found in references directory", param="voice")
        self.named = f"Voice file '{name}' not found in references directory"


def render_error(error: STTSError, request_id: str) -> RenderedError:
    """Whatever an engine could not do is a 500 for these clients; what it has against a recording is a 400."""
    if isinstance(error, EngineError):
        advice = f" {ON_THE_CPU}" if isinstance(error, EngineOutOfMemory) else ""
        detail = f"TTS generation failed: {error.message}{advice}"
        return RenderedError(500, "application/json", {"detail": detail})
    if isinstance(error, NoSuchReference):
        return RenderedError(error.status, "application/json", {"detail": error.named})
    is_reference = isinstance(error, InvalidParameter) and error.param == "voice"
    return RenderedError(400 if is_reference else error.status, "application/json", detail_text(error))
