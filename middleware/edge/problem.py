"""RFC 9457 problem JSON: how errors are told natively.

What the client sent is never repeated: not its values, no field name that is not a plain word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from stts.errors import Conflict, InvalidRequest, NotCompleteYet, STTSError, UnknownModel, UnknownVoice

PLAIN_NAME = re.compile(r"[A-Za-z0-9_.\[\]?-]{1,128}")


class FieldError(BaseModel):
    param: str = Field(description="Where in the request.")
    message: str = Field(description="What is allowed there.")
    code: str = Field(description="The kind of mistake.")


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(description="A URN of the code.")
    title: str = Field(description="The kind of error; the same for every instance.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What was wrong, for people.")
    code: str = Field(description="Machine-readable and stable.")
    request_id: str = Field(description="The same as in X-Request-ID; the log has it too.")
    param: str | None = Field(None, description="The field that was wrong.")
    allowed: list[str | float] | None = Field(None, description="What the field may be, where that is a short list.")
    current: dict[str, Any] | None = Field(None, description="The thing as it stands now, after another's change.")
    part: float | None = Field(None, description="How much is done of what is not complete yet: 0 to 1.")
    errors: list[FieldError] | None = Field(None, description="Each wrong field, where several can be.")


class InvalidFields(InvalidRequest):
    """A body, form or query that does not fit its model."""

    def __init__(self, fields: Sequence[Mapping[str, str]]) -> None:
        super().__init__("; ".join(f"{field['param']}: {field['message']}" for field in fields[:3]))
        self.param = fields[0]["param"] if fields else None
        self.fields = fields
        """For each wrong field: `param`, `message`, `code`, and `place`: body, query, path or header."""


def message_with_list(error: STTSError, *, voices: str | None = None, models: str | None = None) -> str:
    """The message, and where all voices or models are listed that there are: paths of the dialect."""
    path = None
    if isinstance(error, UnknownVoice) and error.is_in_no_list:
        path = voices
    elif isinstance(error, UnknownModel):
        path = models
    return (
        f"{error.message} GET {path} lists all." if path is not None and "GET " not in error.message else error.message
    )


def problem(error: STTSError, request_id: str) -> dict[str, Any]:
    """The RFC 9457 members of an error, for answers and for events."""
    members: dict[str, Any] = {
        "type": f"urn:stts:error:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "request_id": request_id,
    }
    if error.param is not None:
        members["param"] = plain_name(error.param)
    if error.allowed is not None:
        members["allowed"] = error.allowed
    if isinstance(error, Conflict) and error.current is not None:
        members["current"] = error.current
    if isinstance(error, NotCompleteYet) and error.part is not None:
        members["part"] = round(error.part, 3)
    if isinstance(error, InvalidFields):
        members["errors"] = [{name: field[name] for name in FieldError.model_fields} for field in error.fields]
    return members


def plain_name(name: str) -> str:
    """The name of a field, or a question mark for what a client may have made up as one."""
    return name if PLAIN_NAME.fullmatch(name) else "?"
