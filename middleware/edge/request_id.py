"""The correlation id: from the client where it is sane, else made; on every answer and on every line logged."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from middleware.edge.route_table import route_match
from stts.context import new_request_id

SANE = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
HEADER = b"x-request-id"
CARRIES_HEADERS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})


class RequestId:
    """Puts the id into `scope["state"]["request_id"]`. The outermost class."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request_id = request_id_of(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        header = (HEADER, request_id.encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] in CARRIES_HEADERS:
                others = [item for item in message.get("headers", ()) if item[0].lower() != HEADER]
                message["headers"] = [*others, header]
                if (also := route_match(scope).dialect.request_id_header) is not None:
                    message["headers"].append((also.encode(), header[1]))
            await send(message)

        with bound_contextvars(request_id=request_id):
            await self.app(scope, receive, send_with_id)


def request_id_of(scope: Scope) -> str:
    """The client's, where it is sane, or a new one."""
    for name, value in scope["headers"]:
        if name == HEADER:
            return value.decode() if SANE.fullmatch(value) else new_request_id()
    return new_request_id()
