"""The base of all errors that a client is told."""

from __future__ import annotations

from collections.abc import Sequence


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
