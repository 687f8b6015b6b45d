"""Errors of Deepgram's API: `err_code` and `err_msg` over HTTP, `Error` and the close frame on sockets."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from middleware.edge.dialect import RenderedError
from routers.sockets.socket_dialect import Goodbye, SocketDialect, plain_goodbye
from stts.access.allowances import QuotaExceeded
from stts.errors import (
    IdleTimeout,
    InvalidRequest,
    MalformedRequest,
    RemoteContentFailed,
    STTSError,
    TextTooLong,
    Unauthorized,
    UndecodableAudio,
    UnknownModel,
)

NO_KEY = "No key was sent, or it is not known here or no longer valid. It goes into `Authorization: Token <key>`."
UNKNOWN_MODEL = "No such model/language/tier combination found."
CODES = {
    400: "Bad Request",
    401: "INVALID_AUTH",
    402: "ASR_PAYMENT_REQUIRED",
    403: "INSUFFICIENT_PERMISSIONS",
    404: "NOT_FOUND",
    413: "Payload Too Large",
    429: "TOO_MANY_REQUESTS",
}
"""Status -> `err_code`; of others the phrase that HTTP has for it."""
PRINTABLE = bytes(range(0x20, 0x7F)).decode()
"""Characters that a header carries as they are."""
REASON_BYTES = 123
"""Longest reason of a close frame."""


class DeepgramError(BaseModel):
    err_code: str
    err_msg: str
    request_id: str


def render_deepgram_error(error: STTSError, request_id: str) -> RenderedError:
    """Its clients know 400 for what is wrong with a request, and 402 for a quota that is used up."""
    status = status_of(error)
    message = _message(error)
    if status == 400 and not isinstance(error, RemoteContentFailed):
        message = f"Bad Request: {message}"
    code = "REMOTE_CONTENT_ERROR" if isinstance(error, RemoteContentFailed) else _code(status)
    body = {"err_code": code, "err_msg": message, "request_id": request_id}
    return RenderedError(status, "application/json", body, {"dg-error": quote(message, safe=PRINTABLE)})


def status_of(error: STTSError) -> int:
    if isinstance(error, QuotaExceeded):
        return 402
    if isinstance(error, TextTooLong):
        return 413
    if isinstance(error, UnknownModel) or error.status == 422:
        return 400
    return error.status


def _message(error: STTSError) -> str:
    if isinstance(error, Unauthorized):
        return NO_KEY
    if isinstance(error, UnknownModel):
        return f"{UNKNOWN_MODEL} {error.message}"
    if isinstance(error, UndecodableAudio):
        return f"failed to process audio: corrupt or unsupported data. {error.message}"
    return error.message


def _code(status: int) -> str:
    return CODES.get(status) or HTTPStatus(status).phrase


def error_message(error: STTSError, request_id: str, fatal: bool) -> dict[str, Any]:
    """The message `Error` of a socket. What was sent is not repeated in it."""
    schema = isinstance(error, InvalidRequest | MalformedRequest) and not isinstance(error, UndecodableAudio)
    variant = "SchemaError" if schema and not fatal else _code(status_of(error))
    return {"type": "Error", "variant": variant, "description": _message(error), "request_id": request_id}


def goodbye(error: STTSError) -> Goodbye:
    """The close frame, with Deepgram's own words where it has some for this."""
    match error:
        case UndecodableAudio():
            code, name = 1008, "DATA-0000"
        case IdleTimeout():
            code, name = 1011, "NET-0001"
        case _:
            code, name = plain_goodbye(error).code, error.code
    # The messages of our own errors are ASCII mostly; one character of others may take four bytes.
    reason = f"{name} {error.message}".encode()[:REASON_BYTES].decode(errors="ignore")
    return Goodbye(code, reason)


SOCKET = SocketDialect(error_event=error_message, protocols=("token", "bearer"), goodbye=goodbye)
