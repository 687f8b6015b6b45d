"""Explains errors of JSON bodies by their cause and how to mend them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import HTTPConnection

JSON = "application/json"
SEND_JSON = f"Send JSON with the header Content-Type: {JSON}"

COMPRESSED = "The body is compressed (Content-Encoding), which is not understood here: send it as it is."

NAMED = {
    "": "it came without a Content-Type",
    "application/x-www-form-urlencoded": (
        "it came as application/x-www-form-urlencoded, as curl -d sends it without this header"
    ),
    "multipart/form-data": "it came as a form (multipart/form-data)",
    "text/plain": "it came as text/plain",
}
"""Media types that are told back; others may say what a client would not have repeated."""

NOT_AN_OBJECT = frozenset({"missing", "model_attributes_type", "model_type", "dict_type"})
"""Kinds of mistakes that, of the body as a whole, mean that it is no JSON object."""


def media_type(connection: HTTPConnection) -> str:
    """The body's, without its parameters."""
    return connection.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    return media_type == JSON or (media_type.startswith("application/") and media_type.endswith("+json"))


def is_about_whole_body(item: Mapping[str, Any]) -> bool:
    """True if a mistake that the framework has found is that there is no JSON object."""
    return tuple(item["loc"]) == ("body",) and item["type"] in NOT_AN_OBJECT


def no_object(connection: HTTPConnection) -> str:
    """Why a body is no JSON object, and what to do."""
    sent = media_type(connection)
    if is_json(sent):
        return "The body must be a JSON object: {..}."
    if connection.headers.get("content-length", "0") == "0" and "transfer-encoding" not in connection.headers:
        return f"The request has no body. {SEND_JSON}."
    return f"{SEND_JSON}; {NAMED.get(sent, 'it came as something else')}."


def not_json(item: Mapping[str, Any], connection: HTTPConnection) -> str:
    """Names the place at which a body stops being JSON, without quoting it."""
    if is_compressed(connection):
        return COMPRESSED
    position = item["loc"][1] if len(item["loc"]) > 1 and isinstance(item["loc"][1], int) else None
    return "This is not JSON." if position is None else f"This is not JSON: see character {position + 1} of the body."


def is_compressed(connection: HTTPConnection) -> bool:
    return connection.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity")


def unreadable(cause: BaseException | None, connection: HTTPConnection) -> str:
    """Explains why the framework could not read a body."""
    if is_compressed(connection):
        return COMPRESSED
    if isinstance(cause, RecursionError):
        return "The JSON is nested too deeply."
    if isinstance(cause, UnicodeDecodeError):
        return "The JSON is not UTF-8."
    if isinstance(cause, json.JSONDecodeError):
        return "This is not JSON."
    return "The body cannot be read as what its Content-Type says."
