"""Errors of what a client has sent, asked for, or may do."""

from __future__ import annotations

from typing import Any

from stts.errors.base import STTSError


class InvalidRequest(STTSError):
    code, title, status = "invalid_request", "Invalid request", 422


class InvalidText(InvalidRequest):
    code, title = "invalid_text", "Invalid text"


class TextTooLong(InvalidRequest):
    code, title = "text_too_long", "Text too long"


class InvalidParameter(InvalidRequest):
    code, title = "invalid_parameter", "Invalid parameter"


class UnknownParameter(InvalidParameter):
    pass


class UnknownVoice(InvalidRequest):
    code, title = "unknown_voice", "Unknown voice"
    is_in_no_list = False
    """True where a list of all voices would have helped: a dialect that has one names it."""


class UnknownEngine(InvalidRequest):
    code, title = "unknown_engine", "Unknown engine"


class UnsupportedFormat(InvalidRequest):
    code, title = "unsupported_format", "Unsupported format"


class UndecodableAudio(InvalidRequest):
    code, title = "undecodable_audio", "Undecodable audio"


class RemoteContentFailed(InvalidRequest):
    code, title = "remote_content_failed", "Remote content failed"


class UnreadableBook(InvalidRequest):
    code, title = "unreadable_book", "Unreadable book"


class InvalidConfiguration(InvalidRequest):
    code, title = "invalid_configuration", "Invalid configuration"


class MalformedRequest(STTSError):
    code, title, status = "malformed_request", "Malformed request", 400


class HeadTooLarge(STTSError):
    code, title, status = "head_too_large", "Request head too large", 431


class RangeNotSatisfiable(STTSError):
    code, title, status = "range_not_satisfiable", "Range not satisfiable", 416


class NotFound(STTSError):
    code, title, status = "not_found", "Not found", 404


class UnknownModel(NotFound):
    code, title = "model_not_found", "Unknown model"


class UpgradeRequired(STTSError):
    code, title, status = "upgrade_required", "Upgrade required", 426


class Conflict(STTSError):
    code, title, status, retryable = "conflict", "Conflict", 409, True
    current: dict[str, Any] | None = None
    """The thing as it stands now, as its route shows it."""


class NotCompleteYet(Conflict):
    code, title = "not_complete_yet", "Not complete yet"
    part: float | None = None
    """How much is done of what is being made, where that is known: 0 to 1."""


class PayloadTooLarge(STTSError):
    code, title, status = "payload_too_large", "Payload too large", 413


class AudioTooLong(PayloadTooLarge):
    code, title = "audio_too_long", "Audio too long"


class BodyTimeout(STTSError):
    code, title, status, retryable = "body_timeout", "Request body timed out", 408, True


class IdleTimeout(STTSError):
    code, title, status, retryable = "idle_timeout", "Idle for too long", 408, True


class SessionExpired(STTSError):
    code, title, status, retryable = "session_expired", "Session expired", 408, True


class Unauthorized(STTSError):
    code, title, status = "unauthorized", "Unauthorized", 401


class TooManyRequests(STTSError):
    code, title, status, retryable = "too_many_requests", "Too many requests", 429, True


class Forbidden(STTSError):
    code, title, status = "forbidden", "Forbidden", 403
