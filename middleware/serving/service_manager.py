"""Tells systemd how the server is (`Type=notify`): ready, alive, stopping. Without `NOTIFY_SOCKET` it does nothing."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager

import structlog

from middleware.serving.lifecycle import Lifecycle

SOCKET_VARIABLE = "NOTIFY_SOCKET"
WATCHDOG_VARIABLES = ("WATCHDOG_USEC", "WATCHDOG_PID")

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class ServiceManager:
    """The socket of systemd. Who cannot be told is not told: the server serves all the same."""

    def __init__(self, address: str, watchdog_seconds: float | None) -> None:
        # A name that begins so stands for one outside the file system.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._watchdog_seconds = watchdog_seconds
        """Silence after which systemd kills the server; None: it does not watch."""

    @classmethod
    def of(cls, environ: MutableMapping[str, str]) -> ServiceManager | None:
        """The one that has started this process. Its variables are taken out: they are not for child processes."""
        address = environ.pop(SOCKET_VARIABLE, "")
        microseconds, process = (environ.pop(name, "") for name in WATCHDOG_VARIABLES)
        if not address:
            return None
        is_watched = microseconds.isdecimal() and int(microseconds) > 0 and process in ("", str(os.getpid()))
        return cls(address, int(microseconds) / 1e6 if is_watched else None)

    async def follow(self, lifecycle: Lifecycle) -> None:
        """Tells each change of the server, and that its event loop turns, until cancelled."""
        await lifecycle.answering.wait()
        self._tell("READY=1\nSTATUS=Listening")
        stopping = asyncio.ensure_future(lifecycle.stopping.wait())
        pause = None if self._watchdog_seconds is None else self._watchdog_seconds / 3
        try:
            while not stopping.done():
                await asyncio.wait([stopping], timeout=pause)
                if not stopping.done():
                    self._tell("WATCHDOG=1")
        finally:
            stopping.cancel()
        self._tell("STOPPING=1\nSTATUS=Draining")
        while pause is not None:
            await asyncio.sleep(pause)
            self._tell("WATCHDOG=1")

    def _tell(self, message: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sender:
            try:
                sender.sendto(message.encode(), self._address)
            except OSError as error:
                log.warning("service_manager_unreached", error=str(error), message=message.partition("\n")[0])


@asynccontextmanager
async def told(manager: ServiceManager | None, lifecycle: Lifecycle) -> AsyncIterator[None]:
    """Keeps the manager informed meanwhile."""
    if manager is None:
        yield
        return
    task = asyncio.create_task(manager.follow(lifecycle), name="service manager")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
