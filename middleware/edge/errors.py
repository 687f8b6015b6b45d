"""Errors on the wire, rendered once, by the dialect of the route that they belong to.

What the client sent is never repeated: not its values, not the messages of parsers, no field name that is not a plain
word. The JSON is ASCII, so that nothing in it can fail to encode.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, ValidationException, WebSocketRequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from middleware.edge.bodies import is_about_whole_body, no_object, not_json, unreadable
from middleware.edge.methods import allow, allowed_methods, is_socket
from middleware.edge.problem import InvalidFields, plain_name
from middleware.edge.refusals import log_refusal
from middleware.edge.route_table import local_path, route_match
from stts.errors import InvalidRequest, NotFound, STTSError, UpgradeRequired

MOST_FIELDS = 20
"""Fields named in one validation error."""
ONLY_SOCKET = (
    "This path is a WebSocket: open it with ws:// or wss://. If the client did, a proxy in between does not pass on "
    "the headers Connection and Upgrade."
)
CLIENT_LEFT = 499
"""Status of answers that nobody is there to read."""


def error_response(scope: Scope, error: STTSError, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that failed before its answer began, in the words of the route's dialect."""
    rendered = route_match(scope).dialect.render_error(error, scope.get("state", {}).get("request_id", ""))
    log_refusal(scope, local_path(scope), rendered.status, error)
    response = Response(json.dumps(rendered.body), rendered.status, media_type=rendered.media_type)
    response.headers.update({**rendered.headers, **(headers or {})})
    if error.retry_after is not None and "Retry-After" not in response.headers:
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if rendered.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def install_error_handlers(app: FastAPI) -> None:
    """Makes an app answer with these bodies. What no handler knows goes on to the ErrorBoundary."""
    app.add_exception_handler(STTSError, _on_stts_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(WebSocketRequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(ClientDisconnect, _on_client_left)


def _answer(connection: HTTPConnection, error: STTSError, headers: Mapping[str, str] | None = None) -> Response:
    if connection.scope["type"] == "websocket":
        # Only the boundary knows whether this socket has been accepted.
        raise error
    return error_response(connection.scope, error, headers)


async def _on_stts_error(connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, STTSError)
    return _answer(connection, error)


async def _on_invalid(connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, ValidationException)
    return _answer(connection, InvalidFields([_field(item, connection) for item in error.errors()[:MOST_FIELDS]]))


async def _on_http_exception(connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, ClientDisconnect):
        return Response(status_code=CLIENT_LEFT)
    if error.status_code == HTTPStatus.NOT_FOUND and is_socket(connection.scope):
        return _answer(connection, UpgradeRequired(ONLY_SOCKET), {"Upgrade": "websocket", "Connection": "Upgrade"})
    translated = _translate(error, connection)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        methods = allowed_methods(connection.scope)
        translated.allowed = [*methods]
        return _answer(connection, translated, {"Allow": allow(methods)})
    return _answer(connection, translated, error.headers)


async def _on_client_left(connection: HTTPConnection, error: Exception) -> Response:
    return Response(status_code=CLIENT_LEFT)


def _translate(error: HTTPException, connection: HTTPConnection) -> STTSError:
    """The framework's own exceptions. It turns whatever goes wrong while a body is read into one with that as cause."""
    cause = error.__cause__
    if isinstance(cause, STTSError):
        return cause
    if error.status_code in (400, 422):
        return InvalidRequest(unreadable(cause, connection))
    if error.status_code == 404:
        return NotFound("There is nothing at this path.")
    status = HTTPStatus(error.status_code)
    translated = STTSError(f"{(status.description or status.phrase).rstrip('.')}.")
    translated.status, translated.title = status.value, status.phrase
    translated.code = re.sub(r"[^a-z]+", "_", status.phrase.lower())
    return translated


def _field(item: Mapping[str, Any], connection: HTTPConnection) -> dict[str, str]:
    # The first part of the location says body, query or path; the rest can hold keys that the client made up.
    place = str(item["loc"][0]) if item["loc"] else "body"
    names = [str(part) for part in item["loc"][1:]] or [place]
    param = ".".join(map(plain_name, names))
    if item["type"] == "json_invalid":
        return {"param": "body", "message": not_json(item, connection), "code": "json_invalid", "place": place}
    if is_about_whole_body(item):
        return {"param": "body", "message": no_object(connection), "code": item["type"], "place": place}
    message = item["msg"].removeprefix("Value error, ")
    return {"param": param, "message": message, "code": item["type"], "place": place}
