"""The phase of the server (starting, ready, draining) and what is called when it stops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

Phase = Literal["starting", "ready", "draining"]


class Lifecycle:
    """What the server is doing with itself: starting, ready, or draining after a stop signal."""

    def __init__(self, phase: Phase = "starting") -> None:
        self.phase = phase
        self.on_shutdown: list[Callable[[], Awaitable[None]]] = []
        """Called when the server stops, before it closes connections: asks those to leave who would stay for ever."""
