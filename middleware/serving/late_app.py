"""LateApp: the application of a listener beside the main one, made when its first request comes.

An application that nobody asks costs a megabyte and more, and its part of the start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from middleware.edge.route_table import RouteMatch, RouteTable

Make = Callable[[], tuple[ASGIApp, RouteTable]]


class LateTable(RouteTable):
    """The routes of an application that may not be made yet: until then none is known."""

    def __init__(self) -> None:
        super().__init__({})
        self._made: RouteTable | None = None

    def become(self, table: RouteTable) -> None:
        self._made = table
        self.dialects = table.dialects

    def is_always_answered(self, address: bytes) -> bool:
        return self._made is not None and self._made.is_always_answered(address)

    def match(self, kind: str, method: str, path: str) -> RouteMatch:
        return super().match(kind, method, path) if self._made is None else self._made.match(kind, method, path)


class LateApp:
    def __init__(self, make: Make) -> None:
        """`make` is called in a thread, so that streams of others go on meanwhile."""
        self._make = make
        self._app: ASGIApp | None = None
        self._lock = asyncio.Lock()
        self.table = LateTable()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app or await self._made()
        await app(scope, receive, send)

    async def _made(self) -> ASGIApp:
        async with self._lock:
            if self._app is not None:
                return self._app
            app, table = await asyncio.to_thread(self._make)
            self.table.become(table)
            self._app = app
            return app
