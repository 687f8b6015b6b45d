"""CORS: the configured origins only, and on management routes never just any."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from middleware.edge.hosts import Origins
from middleware.edge.route_table import route_match
from middleware.listener import ListenerSettings
from stts.access.policy import RouteKind

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
READABLE = (
    *("X-Request-ID", "Server-Timing", "X-File-Id", "X-Session-ID", "X-Transcription"),
    *("X-Cache", "X-Engine", "X-Voice", "X-Voice-Cloned", "X-Warnings", "Content-Disposition"),
    *("Retry-After", "Retry-After-Ms", "X-Should-Retry", "RateLimit", "RateLimit-Policy"),
    *("X-RateLimit-Limit-Requests", "X-RateLimit-Remaining-Requests", "X-RateLimit-Reset-Requests"),
    *("X-RateLimit-Limit-Tokens", "X-RateLimit-Remaining-Tokens", "X-RateLimit-Reset-Tokens"),
)
"""Headers of answers that pages may read beyond the usual ones."""


class CORS:
    """Chooses between Starlette's middleware with all origins and the same with explicit ones only."""

    def __init__(self, app: ASGIApp, listener: ListenerSettings) -> None:
        origins = Origins(listener.security.allowed_origins)
        self._plain = app
        self._public = _middleware(app, origins.all)
        self._management = _middleware(app, origins.explicit)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Not a coroutine itself: its frame would stay for as long as a socket is open."""
        if scope["type"] != "http":
            return self._plain(scope, receive, send)
        if route_match(scope).policy.kind is RouteKind.MANAGE:
            return self._management(scope, receive, send)
        return self._public(scope, receive, send)


def _middleware(app: ASGIApp, origins: list[str]) -> ASGIApp:
    if not origins:
        return app
    return CORSMiddleware(
        app, allow_origins=origins, allow_methods=METHODS, allow_headers=("*",), expose_headers=READABLE
    )
