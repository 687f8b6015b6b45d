"""HTTP and WebSockets by uvicorn, with bounded heads and frames, as one listener among others."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from middleware.edge.route_table import RouteTable
from middleware.listener import ListenerSettings
from middleware.serving.connections import Connections, connections_of
from middleware.serving.http_head import BoundedHead
from middleware.serving.listening import Addresses, OwnAddresses
from middleware.serving.one_write import OneWrite
from middleware.serving.starts import Starts
from middleware.serving.websocket_frames import BoundedFrames


def server_config(
    app: ASGIApp,
    listener: ListenerSettings,
    table: RouteTable,
    *,
    connections: Connections | None = None,
    **changes: Any,
) -> uvicorn.Config:
    """The uvicorn configuration of a listener. `connections`: those among which its own count; None: it has as many as
    the current file limit allows."""
    if connections is None:
        connections = connections_of(listener.limits(), listener.other_files)
    options: dict[str, Any] = {
        "http": partial(BoundedHead, connections=connections, starts=Starts(), table=table),
        "ws": partial(BoundedFrames, connections=connections, table=table),
        "ws_max_size": listener.limits().message_bytes,
        "ws_per_message_deflate": False,  # speech does not shrink, and each connection would hold 30 KB for it
        "interface": "asgi3",
        "host": listener.host,
        "port": listener.port,
        "lifespan": "off",  # services start and stop once, however many listeners there are
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": math.ceil(listener.drain_seconds),
        "forwarded_allow_ips": addresses_of(listener.trusted_proxies),
        "ssl_certfile": listener.tls_certificate,
        "ssl_keyfile": listener.tls_key,
    }
    return uvicorn.Config(OneWrite(app), **options | changes)


def addresses_of(networks: Iterable[str]) -> list[str]:
    """The networks as uvicorn compares them. A socket that listens on both IPv4 and IPv6 has IPv4 clients as
    `::ffff:127.0.0.1`: they stand there in both ways."""
    given = [ipaddress.ip_network(each, strict=False) for each in networks]
    mapped = [f"::ffff:{each.network_address}/{each.prefixlen + 96}" for each in given if each.version == 4]
    return [*map(str, given), *mapped]


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop that uvicorn would choose: uvloop where it is installed."""
    return uvicorn.Config("", log_config=None).get_loop_factory()


UNTOLD = (
    *("Started server process", "Finished server process", "Waiting for ", "Shutting down"),
    "Uvicorn running on",
)
"""Beginnings of uvicorn's lines that go wrong here, where it logs them for each listener: about the whole process, and
of an address without its listener, which the supervisor and the start tell by name."""


def _stop_is_no_error(record: logging.LogRecord) -> bool:
    """Log filter: connections cut by a forced stop are logged as warnings; what a listener says of a process is not."""
    if str(record.msg).startswith(UNTOLD):
        return False
    if str(record.msg).startswith("Cancel %s running task"):
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


logging.getLogger("uvicorn.error").addFilter(_stop_is_no_error)


FIRST_REQUEST_SECONDS = 1.0
"""Longest wait at a stop for the first request of whoever has connected already."""
LOOK_SECONDS = 0.02
"""Between two looks whether it has come."""


def _says_nothing_yet(connection: object) -> bool:
    return isinstance(connection, BoundedHead) and connection.cycle is None


class HTTPListener:
    """Serves one app on a socket at its address, and closes it at the end."""

    def __init__(self, config: uvicorn.Config, listening: socket.socket, addresses: Addresses | None = None) -> None:
        """`addresses`: says who gets the connections that come there; None: this process."""
        self._server = _Server(config, addresses or OwnAddresses())
        self._socket = listening
        self.address = (config.host, config.port)
        host, port = listening.getsockname()[:2]
        self.where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def shared(self) -> socket.socket:
        """Its socket once more, for whoever goes on there when this one stops: nobody who waits is lost."""
        shared = self._socket.dup()
        shared.set_inheritable(False)
        return shared

    def close(self) -> None:
        """Gives its address back, where it never served."""
        self._socket.close()

    async def serve(self, started: Callable[[], None]) -> None:
        self._server.on_start = started
        try:
            if not self._server.should_exit:
                await self._server.serve(sockets=[self._socket])
        finally:
            # uvicorn closes it only after a start: left open, it would take connections that nobody answers.
            self._socket.close()

    def stop(self, *, at_once: bool) -> None:
        self._server.stop(at_once=at_once)


class _DatedState(ServerState):
    """Makes the Date of answers when one begins: whoever has nothing to do need not wake for it."""

    def __init__(self, lines: list[tuple[bytes, bytes]]) -> None:
        """`lines`: of the head of each answer, beside the date."""
        self._lines = lines
        self._second = 0
        super().__init__()

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        if (now := int(time.time())) != self._second:
            self._second = now
            self._dated = [(b"date", formatdate(now, usegmt=True).encode()), *self._lines]
        return self._dated

    @default_headers.setter
    def default_headers(self, lines: list[tuple[bytes, bytes]]) -> None:
        """uvicorn begins with none."""


class _Server(uvicorn.Server):
    """Says when it has started, leaves signals to whoever runs it, and wakes for nothing else."""

    on_start: Callable[[], None]

    def __init__(self, config: uvicorn.Config, addresses: Addresses) -> None:
        super().__init__(config)
        self._addresses = addresses
        self._stopped = asyncio.Event()

    def stop(self, *, at_once: bool) -> None:
        self.should_exit = True
        self.force_exit = at_once
        self._stopped.set()

    async def main_loop(self) -> None:
        await self._stopped.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.server_state = _DatedState(self.config.encoded_headers)
        await super().startup([])
        for each in sockets or ():
            accepting = await self._addresses.accept(each, self._protocol, self.config.ssl)
            self.servers.append(cast(asyncio.Server, accepting))  # of which uvicorn wants the same
        self.on_start()
        if self.should_exit:
            # It was stopped meanwhile: uvicorn then goes without closing what it has just opened.
            await self.shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        """A connection, as uvicorn would make it."""
        make = cast(Callable[..., asyncio.Protocol], self.config.http_protocol_class)
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        # uvicorn would cut off also those whose request is on its way: they were let in, and would be told nothing.
        with suppress(TimeoutError):
            async with asyncio.timeout(min(FIRST_REQUEST_SECONDS, self.config.timeout_graceful_shutdown or 0.0)):
                while self._addresses.leaving or any(map(_says_nothing_yet, self.server_state.connections)):
                    if self.force_exit:
                        break
                    await asyncio.sleep(LOOK_SECONDS)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
