"""Errors as events of a socket."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from middleware.edge.problem import plain_name
from stts.errors import STTSError

ErrorEvent = Callable[[STTSError, str, bool], dict[str, Any]]
"""Makes the error event of a dialect: the error, the request id, whether it is the end of the session."""


def native_error(error: STTSError, request_id: str, fatal: bool) -> dict[str, Any]:
    """The error event of our own protocols."""
    members: dict[str, Any] = {
        "type": "error",
        "code": error.code,
        "message": error.message,
        "retryable": error.retryable,
        "request_id": request_id,
        "fatal": fatal,
    }
    if error.retry_after is not None:
        members["retry_after"] = math.ceil(error.retry_after)
    if error.param is not None:
        members["param"] = plain_name(error.param)
    if error.allowed is not None:
        members["allowed"] = error.allowed
    return members
