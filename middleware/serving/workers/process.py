"""One worker as its parent sees it: a process from its start to its end, and what it says meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol

from middleware.serving.workers.channel import Channel, Message, channel_pair
from middleware.serving.workers.inheritance import VARIABLE, Inheritance
from middleware.serving.workers.introductions import Introductions
from middleware.serving.workers.worker import HAND_OVER, READY, SOCKETS
from stts.peers.coordinator import Coordinator

PEERS_SECONDS = 1.0
"""Longest wait until what a worker had of what all share is given back, once it has ended."""
HAND_OVER_SECONDS = 5.0
"""Longest wait for the sockets of a worker; then the one that follows opens its own."""


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that a worker is started with."""

    number: int
    is_first: bool = False
    sockets: Mapping[str, socket.socket] = field(default_factory=dict)
    """Those of the one whose place it takes. The caller closes them."""
    ports: Mapping[str, int] = field(default_factory=dict)


class WorkerProcess(Protocol):
    pid: int
    ports: Mapping[str, int]
    """Those it listens at, by section, once it is ready."""

    async def ready(self) -> bool:
        """Returns True once it accepts clients, False where it ends before."""
        ...

    async def ended(self) -> int:
        """Returns its exit status, a signal below 0. May be awaited by several, and again."""
        ...

    def signal(self, number: signal.Signals) -> None:
        """Does nothing where it has ended."""
        ...

    async def hand_over(self) -> dict[str, socket.socket]:
        """Its sockets once more, for whoever takes its place; the caller closes them."""
        ...


Start = Callable[[Order], Awaitable[WorkerProcess]]


class ServerProcess:
    """A fresh interpreter with the same command line."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        channel: socket.socket,
        peers: Awaitable[None],
        introductions: Introductions,
    ) -> None:
        """`peers`: serves what the workers share, as long as this one is there."""
        self.pid = process.pid
        self.ports: Mapping[str, int] = {}
        self._process = process
        self._channel = Channel(channel)
        self._ready = asyncio.Event()
        self._handed: asyncio.Future[dict[str, socket.socket]] | None = None
        self._introductions = introductions
        self._peers = asyncio.ensure_future(peers)
        self._channel.open(self._heard, lambda: None)
        self._end = asyncio.create_task(self._wait(), name=f"end of worker {self.pid}")

    @classmethod
    async def start(cls, coordinator: Coordinator, introductions: Introductions, order: Order) -> ServerProcess:
        """Raises OSError where no process can be started."""
        channel, far_channel = channel_pair()
        peers, far_peers = socket.socketpair()
        with ExitStack() as ours, far_channel, far_peers:
            ours.enter_context(channel)
            ours.enter_context(peers)
            given = Inheritance(order.number, far_channel, far_peers, order.is_first, order.sockets, order.ports)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, *sys.orig_argv[1:]),
                env=os.environ | {VARIABLE: given.variable()},
                pass_fds=given.files,
                # Ctrl-C at a terminal is for the parent, which tells it to all.
                process_group=0,
            )
            ours.pop_all()
        return cls(process, channel, coordinator.serve(peers, order.number), introductions)

    async def ready(self) -> bool:
        waiting = asyncio.ensure_future(self._ready.wait())
        try:
            await asyncio.wait([waiting, self._end], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        return self._ready.is_set() and not self._end.done()

    async def ended(self) -> int:
        return await asyncio.shield(self._end)

    def signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def hand_over(self) -> dict[str, socket.socket]:
        handed = self._handed = asyncio.get_running_loop().create_future()
        self._channel.send({HAND_OVER: True})
        either: list[asyncio.Future[Any]] = [handed, self._end]
        try:
            await asyncio.wait(either, timeout=HAND_OVER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            return handed.result() if handed.done() else {}
        finally:
            self._handed = None

    def _heard(self, message: Message, files: list[int]) -> None:
        if READY in message:
            self.ports = message[READY]
            self._ready.set()  # It serves, and be it alone: where this process can have no file any more.
            self._introductions.enter(self._channel, os.fdopen(files[0], "r+b", buffering=0))
            return
        sockets = [socket.socket(fileno=each) for each in files]
        if SOCKETS in message and self._handed is not None and not self._handed.done():
            self._handed.set_result(dict(zip(message[SOCKETS], sockets, strict=True)))
            return
        for each in sockets:
            each.close()

    async def _wait(self) -> int:
        try:
            return await self._process.wait()
        finally:
            self._introductions.leave(self._channel)
            self._channel.close()
            await asyncio.wait([self._peers], timeout=PEERS_SECONDS)
            self._peers.cancel()
