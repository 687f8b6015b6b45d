"""Methods that every address answers: HEAD wherever GET is, OPTIONS, and an `Allow` of all routes of a path together.

Routers know the methods of one route each; a path such as /tts has two routes. HEAD is answered by the route of GET:
as soon as its status and headers have left, the route is told that the client has gone.
"""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.routing import BaseRoute, Match, Mount, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
HEAD_ONLY = "stts.head_only"
"""Extension of the scope: only status and headers are wanted of this GET. A route may spare itself the work."""
SERVER_WIDE = "*"
"""The target of `OPTIONS *`: the server as a whole."""


class Methods:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Not a coroutine itself: its frame would stay for as long as a socket is open."""
        method = scope["method"] if scope["type"] == "http" else None
        if method == "HEAD":
            extensions = {**(scope.get("extensions") or {}), HEAD_ONLY: {}}
            answer = _HeadAnswer(receive, send)
            return self.app({**scope, "method": "GET", "extensions": extensions}, answer.receive, answer.send)
        if method == "OPTIONS" and (allowed := allowed_methods(scope)):
            return _tell(allowed, send)
        return self.app(scope, receive, send)


async def _tell(allowed: list[str], send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", allow(allowed).encode())]})
    await send({"type": "http.response.body"})


def is_head_only(scope: Scope) -> bool:
    return HEAD_ONLY in (scope.get("extensions") or {})


def allow(methods: list[str]) -> str:
    """The value of the header."""
    return ", ".join(methods)


def allowed_methods(scope: Scope) -> list[str]:
    """Methods of all routes of this path; none where there is no route."""
    routes: list[BaseRoute] = scope["app"].routes
    is_wide = scope["path"] == SERVER_WIDE
    found = [method for method in METHODS if is_wide or any(_takes(route, scope, method) for route in routes)]
    if "GET" in found:
        found.insert(1, "HEAD")
    return [*found, "OPTIONS"] if found else []


def is_socket(scope: Scope) -> bool:
    """True if this path is there for WebSockets."""
    routes: list[BaseRoute] = scope["app"].routes
    wanted = {**scope, "type": "websocket"}
    sockets = (route for route in routes if isinstance(route, WebSocketRoute))
    return any(route.matches(wanted)[0] is Match.FULL for route in sockets)


def _takes(route: BaseRoute, scope: Scope, method: str) -> bool:
    if isinstance(route, Mount) and method != "GET":
        return False  # files of the docs page
    return route.matches({**scope, "method": method})[0] is Match.FULL


class _HeadAnswer:
    """Lets status and headers pass and ends there."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._is_sent = False

    async def receive(self) -> Message:
        return {"type": "http.disconnect"} if self._is_sent else await self._receive()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self._is_sent:
            self._is_sent = True
            await self._send(message)
            await self._send({"type": "http.response.body"})
