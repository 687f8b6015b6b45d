"""Errors of what the server needs for an answer: disk, database, places, models, whoever writes replies."""

from __future__ import annotations

from stts.errors.base import STTSError


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


class PartNotInstalled(STTSError):
    code, title, status = "part_not_installed", "Part not installed", 501


class ModelFetchFailed(STTSError):
    code, title, status, retryable = "model_fetch_failed", "Model could not be fetched", 502, True


class ReplyFailed(STTSError):
    code, title, status, retryable = "reply_failed", "Reply failed", 502, True


class ReplyTimeout(ReplyFailed):
    code, title, status = "reply_timeout", "Reply timed out", 504
