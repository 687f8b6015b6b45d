"""Peers: questions of a worker to the process that started it, and to the other workers of its server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import structlog

from stts.peers.line import Line, LineCut, Plain, open_line

ANSWER_SECONDS = 3.0
"""Longest wait for what the other process knows by itself."""
MARGIN_SECONDS = 1.0
"""Beyond what a question to others may take."""

Handler = Callable[[Plain], "Plain | Awaitable[Plain]"]

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Peers:
    """One for a worker. It may be built before there is an event loop."""

    def __init__(self, sock: socket.socket) -> None:
        """`sock`: this end of a connected stream, the worker's from now on."""
        self._sock: socket.socket | None = sock
        self._line = Line(self._answer)
        self._handlers: dict[str, Handler] = {}
        self._watching: asyncio.Task[None] | None = None
        self._closing = False
        self.on_open: list[Callable[[], Awaitable[None]]] = []
        """Called once it is connected, before this worker serves anybody."""
        self.on_close: list[Callable[[], None]] = []
        """Called before it leaves by itself."""
        self.on_lost: list[Callable[[], None]] = []
        """Called where the process that started this one has gone."""

    @property
    def is_up(self) -> bool:
        return self._line.is_open

    def on(self, topic: str, handler: Handler) -> None:
        """Answers questions, and takes notes, of other workers by this topic; at once, or as a coroutine."""
        self._handlers[topic] = handler

    async def open(self) -> None:
        """Connects, and learns what is to be known before anybody is served."""
        sock, self._sock = self._sock, None
        if sock is not None:
            await open_line(self._line, sock)
            self._watching = asyncio.create_task(self._watch(), name="peers")
            for learn in self.on_open:
                await learn()

    async def close(self) -> None:
        self._closing = True
        for tell in self.on_close if self._line.is_open else ():
            tell()
        if self._sock is not None:
            self._sock.close()
            self._sock = None
        await self._line.close()
        if self._watching is not None:
            await asyncio.wait([self._watching])

    async def ask(self, topic: str, value: Plain, seconds: float = ANSWER_SECONDS) -> Plain:
        """The answer of the process that started this one. Raises LineCut."""
        return await self._line.ask(topic, value, seconds)

    def tell(self, topic: str, value: Plain) -> None:
        """Tells that process. Returns at once; does nothing where it has gone."""
        if self._line.is_open:
            self._line.tell(topic, value)

    async def ask_others(self, topic: str, value: Plain, seconds: float) -> list[Plain]:
        """The answers of the other workers, without those that do not answer in time."""
        try:
            found: list[Plain] = await self.ask("others", [topic, value, seconds], seconds + MARGIN_SECONDS)
        except LineCut:
            return []
        return found

    def tell_others(self, topic: str, value: Plain) -> None:
        """Tells the other workers. Returns at once."""
        self.tell("tell others", [topic, value])

    def _answer(self, topic: str, value: Plain) -> Plain:
        handler = self._handlers.get(topic)
        return handler(value) if handler is not None else None

    async def _watch(self) -> None:
        await self._line.ended.wait()
        if not self._closing:
            log.error("peers_lost")
            for tell in self.on_lost:
                tell()
