"""Listeners at a path prefix of the main address: `Prefixes` hands each request to the one that it is for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send


class Prefixes:
    """Stands around the main application. A path below a prefix belongs to the listener there and to nobody else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._below: dict[str, ASGIApp] = {}
        self._starts: tuple[str, ...] = ()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Not a coroutine itself: most requests go to the main application, which pays for one look here."""
        if self._starts and scope["type"] != "lifespan" and f"{scope['path']}/".startswith(self._starts):
            path = f"{scope['path']}/"
            prefix = next(prefix for prefix in self._below if path.startswith(f"{prefix}/"))
            root = scope.get("root_path", "")
            return self._below[prefix]({**scope, "root_path": f"{root}{prefix}"}, receive, send)
        return self._app(scope, receive, send)

    def put(self, prefix: str, app: ASGIApp) -> None:
        """Takes the place of what was there."""
        self._below[prefix] = app
        self._starts = tuple(f"{each}/" for each in self._below)

    def remove(self, prefix: str, app: ASGIApp) -> None:
        """Does nothing where another has taken the place."""
        if self._below.get(prefix) is app:
            del self._below[prefix]
            self._starts = tuple(f"{each}/" for each in self._below)


class PrefixListener:
    """One listener there, with the requests that are inside."""

    def __init__(self, prefixes: Prefixes, prefix: str, app: ASGIApp, drain_seconds: float) -> None:
        self._prefixes = prefixes
        self._prefix = self.where = prefix
        self._app = app
        self._drain_seconds = drain_seconds
        self._inside: set[asyncio.Task[Any]] = set()
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._at_once = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._inside.add(task)
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside.discard(task)
            self._changed.set()

    async def serve(self, started: Callable[[], None]) -> None:
        self._prefixes.put(self._prefix, self)
        try:
            started()
            await self._stopping.wait()
        finally:
            self._prefixes.remove(self._prefix, self)
        await self._drain()

    def close(self) -> None:
        """Has no address of its own."""

    def stop(self, *, at_once: bool) -> None:
        self._at_once = self._at_once or at_once
        self._stopping.set()
        self._changed.set()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._drain_seconds):
                while self._inside and not self._at_once:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        for task in self._inside:
            task.cancel("the listener stops")
