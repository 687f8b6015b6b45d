"""FastAPI's own error body, `{"detail": ...}`, for the dialects of systems that are made with it.

Their clients read `detail` as a text, or of fields that are wrong as a list with the place of each. What the client
sent, which FastAPI repeats there, is left out.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from middleware.edge.problem import InvalidFields, plain_name
from stts.errors import STTSError

BODY = "body"


class WrongField(BaseModel):
    type: str = Field(description="The kind of mistake.")
    loc: list[str | int] = Field(description="Where: body, query, path or header, then the names.")
    msg: str = Field(description="What is allowed there.")


class DetailError(BaseModel):
    """FastAPI's error body."""

    detail: str | list[WrongField] = Field(description="What was wrong; a list where fields of the request were.")


def detail_text(error: STTSError) -> dict[str, Any]:
    """The message, and what is allowed, as one text."""
    allowed = f" Allowed: {', '.join(map(str, error.allowed))}." if error.allowed else ""
    return {"detail": f"{error.message}{allowed}"}


def detail_fields(error: STTSError) -> dict[str, Any]:
    """Wrong fields as FastAPI lists them, whether its own check has found them or ours; any other error as a text."""
    if isinstance(error, InvalidFields):
        return {
            "detail": [
                _wrong(field["code"], field["place"], field["param"], field["message"]) for field in error.fields
            ]
        }
    if error.status == 422 and error.param is not None:
        return {"detail": [_wrong(error.code, BODY, plain_name(error.param), detail_text(error)["detail"])]}
    return detail_text(error)


def _wrong(kind: str, place: str, param: str, message: str) -> dict[str, Any]:
    names = [] if param == place else param.split(".")
    return {"type": kind, "loc": [place, *(int(each) if each.isdecimal() else each for each in names)], "msg": message}
