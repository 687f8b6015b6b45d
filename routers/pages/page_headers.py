"""Headers that tell a browser what a page may load and who may frame it: of our pages, and of the framework's.

The framework's page at /docs has a script of its own between its tags: it is let run by the digest of its text, and so
no other one that gets into the page is.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from middleware.edge.route_table import local_path

NO_SNIFFING: Mapping[str, str] = {"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "microphone=(self)",
    **NO_SNIFFING,
}
"""Our pages have no script or style between its tags."""
DOCUMENT_PATHS = ("/docs", "/openapi.json", "/static-offline-docs")
"""Beginnings of the paths that the framework answers itself."""
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


class DocumentHeaders:
    """Puts these headers on what the framework says of the API. All else passes as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Not a coroutine itself: its frame would stay for as long as a socket is open."""
        if scope["type"] == "http" and local_path(scope).startswith(DOCUMENT_PATHS):
            send = _HeadedAnswer(send).send
        return self.app(scope, receive, send)


class _HeadedAnswer:
    """Holds the head of a page until its text is there, which comes at once."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._head: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            headers.update(NO_SNIFFING)
            if headers.get("content-type", "").startswith("text/html"):
                self._head = message
                return
        elif self._head is not None:
            head, self._head = self._head, None
            MutableHeaders(raw=head["headers"])["Content-Security-Policy"] = document_policy(message["body"])
            await self._send(head)
        await self._send(message)


def document_policy(page: bytes) -> str:
    """Lets the page do what it does: run its scripts, style itself as it goes, ask this server, play what it says."""
    digests = [base64.b64encode(hashlib.sha256(text).digest()).decode() for text in _INLINE.findall(page)]
    scripts = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in digests)])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
