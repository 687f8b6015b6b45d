"""Every error the server tells a client, as one tree.

    STTSError
    ├── InvalidRequest            what the client sent cannot be done (422)
    │   ├── InvalidText           empty, only control characters, not Unicode
    │   ├── TextTooLong           over limits.text_characters
    │   ├── InvalidParameter      out of range, wrong type, or not of this engine
    │   ├── UnknownVoice          no such voice for this engine
    │   ├── UnknownEngine         no such engine
    │   ├── UnsupportedFormat     a format, rate or channel count that does not exist
    │   ├── UndecodableAudio      nothing in the upload decodes
    │   └── InvalidConfiguration  a configuration value that does not validate
    ├── MalformedRequest          it cannot be read as HTTP at all (400)
    ├── HeadTooLarge              its address and headers are too long (431)
    ├── RangeNotSatisfiable       the part of a content that is asked for lies behind its end (416)
    ├── NotFound                  404
    │   └── UnknownModel          no such model, in the dialects that name models
    ├── UpgradeRequired           only sockets are opened here (426)
    ├── Conflict                  the state of the thing forbids this now (409)
    │   └── NotCompleteYet        it is still being made
    ├── PayloadTooLarge           413
    │   └── AudioTooLong          over limits.audio_seconds, counted while decoding
    ├── BodyTimeout               the client stopped sending (408)
    ├── IdleTimeout               nothing passed on a socket for too long (408)
    ├── SessionExpired        it has lasted as long as a session may (408)
    ├── Unauthorized              no key, or a wrong one (401)
    ├── TooManyRequests           a limit or a quota of the caller is reached (429)
    ├── Forbidden                 Host, Origin or role does not allow it (403)
    ├── StorageFull               a quota is reached, or the disk is full (507)
    │   └── StorageFailed         the disk cannot be written (507)
    ├── Unavailable               come back later (503)
    │   ├── Busy                  the queue is full, or the wait was too long
    │   ├── DatabaseAway          the database does not answer
    │   │   └── DatabaseUnusable  it will not before somebody changes something
    │   ├── LimitsAway            what counts limits for all servers does not answer
    │   └── ShuttingDown          the server is stopping
    ├── ModelFetchFailed          no source gave the files of a model (502)
    ├── ReplyFailed               whoever writes the replies could not (502)
    │   └── ReplyTimeout          it said nothing for too long (504)
    └── EngineError               the engine could not do its work (500)
        ├── EngineNotInstalled    its library is missing; the message is the install command (503)
        ├── EngineWeightsMissing  its weights are not on this disk and it may not fetch them (503)
        ├── EngineAccessDenied    the model hub wants a token or an accepted licence (503)
        ├── EngineInstallFailed   its environment could not be made (502)
        ├── EngineLoadFailed      loading raised (503)
        ├── EngineOutOfMemory     the message names the setting to change (503)
        ├── EngineTimeout         a call passed its time limit (504)
        └── EngineCrashed         its child process died (503)

Catch broadly at the top or narrowly at a leaf. An error carries what its edges need: a machine `code`, an HTTP
`status`, whether a retry can help, and a message for people that never contains what the client sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class STTSError(Exception):
    """Base of the tree. `str(error)` is the message for people."""

    code = "internal_error"
    """Machine-readable, stable, snake_case."""
    title = "Internal error"
    """The kind of error in a few words; the same for every instance."""
    status = 500
    """HTTP status."""
    retryable = False
    """True if the same request may succeed later."""
    is_logged = False
    """True if it is in the log already: one error, one line."""

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        allowed: Sequence[str | int | float] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        """Name of the field that was wrong."""
        self.allowed = list(allowed) if allowed is not None else None
        """Allowed values of the field, where they are a short list."""
        self.retry_after = retry_after
        """Seconds after which a retry makes sense."""


class InvalidRequest(STTSError):
    code, title, status = "invalid_request", "Invalid request", 422


class InvalidText(InvalidRequest):
    code, title = "invalid_text", "Invalid text"


class TextTooLong(InvalidRequest):
    code, title = "text_too_long", "Text too long"


class InvalidParameter(InvalidRequest):
    code, title = "invalid_parameter", "Invalid parameter"


class UnknownVoice(InvalidRequest):
    code, title = "unknown_voice", "Unknown voice"


class UnknownEngine(InvalidRequest):
    code, title = "unknown_engine", "Unknown engine"


class UnsupportedFormat(InvalidRequest):
    code, title = "unsupported_format", "Unsupported format"


class UndecodableAudio(InvalidRequest):
    code, title = "undecodable_audio", "Undecodable audio"


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


class StorageFull(STTSError):
    code, title, status = "storage_full", "Storage full", 507


class StorageFailed(StorageFull):
    code, title = "storage_failed", "Storage failed"


class Unavailable(STTSError):
    code, title, status, retryable = "unavailable", "Unavailable", 503, True


class Busy(Unavailable):
    code, title = "busy", "Busy"


class DatabaseAway(Unavailable):
    code, title = "database_away", "Database away"


class DatabaseUnusable(DatabaseAway):
    code, title, retryable = "database_unusable", "Database unusable", False


class LimitsAway(Unavailable):
    code, title = "limits_away", "Limits cannot be counted"


class ShuttingDown(Unavailable):
    code, title = "shutting_down", "Shutting down"


class ModelFetchFailed(STTSError):
    code, title, status, retryable = "model_fetch_failed", "Model could not be fetched", 502, True


class ReplyFailed(STTSError):
    code, title, status, retryable = "reply_failed", "Reply failed", 502, True


class ReplyTimeout(ReplyFailed):
    code, title, status = "reply_timeout", "Reply timed out", 504


class EngineError(STTSError):
    code, title, status = "engine_failed", "Engine failed", 500


class EngineNotInstalled(EngineError):
    code, title, status = "engine_not_installed", "Engine not installed", 503


class EngineWeightsMissing(EngineError):
    code, title, status = "engine_weights_missing", "Engine weights missing", 503


class EngineAccessDenied(EngineError):
    code, title, status = "engine_access_denied", "Access denied to engine", 503


class EngineInstallFailed(EngineError):
    code, title, status, retryable = "engine_install_failed", "Engine failed to install", 502, True


class EngineLoadFailed(EngineError):
    code, title, status, retryable = "engine_load_failed", "Engine failed to load", 503, True


class EngineOutOfMemory(EngineError):
    code, title, status, retryable = "engine_out_of_memory", "Engine out of memory", 503, True


class EngineTimeout(EngineError):
    code, title, status, retryable = "engine_timeout", "Engine timed out", 504, True


class EngineCrashed(EngineError):
    code, title, status, retryable = "engine_crashed", "Engine crashed", 503, True
