"""Errors as GPT-Live clients are told them: always nested, with the command that they are about.

Clients give a session up for good at a handful of codes; they stand only where trying again cannot help.
"""

from __future__ import annotations

from typing import Any

from routers.http.openai_errors import openai_error
from stts.access.allowances import QuotaExceeded
from stts.errors import Forbidden, STTSError, Unauthorized, UnknownModel, UnknownParameter, UnknownVoice

OWN: dict[type[STTSError], str] = {
    QuotaExceeded: "insufficient_quota",
    Unauthorized: "invalid_api_key",
    Forbidden: "forbidden",
    UnknownModel: "forbidden",
    UnknownVoice: "forbidden",
    UnknownParameter: "unknown_parameter",
}
"""Errors -> codes. At all but the last clients give up: no repetition of the same session overcomes them."""
CODES = {"invalid_parameter": "invalid_value", "unsupported_format": "invalid_value"}
"""Ours -> the hosted service's."""


def error_event(error: STTSError, client_event_id: str | None = None) -> dict[str, Any]:
    """`client_event_id`: of the command that it is about."""
    body = openai_error(error)["error"]
    code = next((code for kind, code in OWN.items() if isinstance(error, kind)), CODES.get(error.code, error.code))
    told = {"type": body["type"], "code": code, "message": body["message"]}
    if body["param"] is not None:
        told["param"] = body["param"]
    if client_event_id is not None:
        told["client_event_id"] = client_event_id
    return {"type": "error", "error": told}
