"""The phase of the server, what is called at its shutdown, and the request to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

Phase = Literal["starting", "ready", "draining"]


class Lifecycle:
    """The server's phase: starting, ready, or draining after a request to stop. One for the process."""

    def __init__(self, phase: Phase = "starting") -> None:
        self.phase = phase
        self.stopping = asyncio.Event()
        self.answering = asyncio.Event()
        """Set once all listeners accept connections: what the first answers can do without begins then."""
        self.at_once = False
        """True if what still runs is cut off."""
        self.on_start: list[Callable[[], Awaitable[None]]] = []
        """Called once the server answers and before it is ready: what its first answers can do without."""
        self.on_shutdown: list[Callable[[], Awaitable[None]]] = []
        """Called when the server stops, before listeners close connections: each asks those clients to leave who would
        stay for ever, and waits for a bounded time."""

    def stop(self, *, at_once: bool = False) -> None:
        """Begins to drain. Called in the event loop; may be called again."""
        self.phase = "draining"
        self.at_once = self.at_once or at_once
        self.stopping.set()

    async def shut_down(self) -> None:
        """Runs the hooks, one after another."""
        for hook in self.on_shutdown:
            await hook()
