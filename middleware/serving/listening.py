"""The sockets that the server listens on, taken before it says that it has started."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from typing import Protocol

from middleware.serving.load import Load

BACKLOG = 2048
"""Connections that may wait to be accepted, as uvicorn's own default."""


class Accepting(Protocol):
    """Accepts connections at one address."""

    def close(self) -> None:
        """Accepts nobody any more; those inside stay."""
        ...

    async def wait_closed(self) -> None: ...


class Addresses(Protocol):
    """Where a process listens, alone or with other workers, and who gets the connections that it accepts there."""

    load: Load

    @property
    def leaving(self) -> int:
        """Connections that others are asked to take, and that come back where they do not."""
        ...

    def listening(self, host: str, port: int, setting: str) -> socket.socket:
        """A socket at an address. `setting`: the section that names it. Raises CannotListen."""
        ...

    async def accept(
        self, listens: socket.socket, factory: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None
    ) -> Accepting:
        """Accepts connections there until what it returns is closed."""
        ...


class CannotListen(Exception):
    """The message is one sentence for the person who starts the server: what is in the way, and the way out."""


class OwnAddresses:
    """Those of a process that serves alone."""

    leaving = 0

    def __init__(self) -> None:
        self.load = Load()

    def listening(self, host: str, port: int, setting: str) -> socket.socket:
        return listening(host, port, setting)

    async def accept(
        self, listens: socket.socket, factory: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None
    ) -> Accepting:
        return await asyncio.get_running_loop().create_server(factory, sock=listens, ssl=tls, backlog=BACKLOG)


def listening(host: str, port: int, setting: str = "server") -> socket.socket:
    """A socket that listens there. `setting`: the section that names it. Raises CannotListen."""
    return _taken(host, port, setting, listens=True)


def sharing(host: str, port: int, setting: str = "server") -> socket.socket:
    """A socket at an address that other processes of this server have as well. It takes clients from when it is served
    on, and the system gives each to one of those. Raises CannotListen."""
    return _taken(host, port, setting, listens=False)


def _taken(host: str, port: int, setting: str, *, listens: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if not listens:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        if listens:
            listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(_reason(error, host, port, setting)) from error
    listener.setblocking(False)
    listener.set_inheritable(False)
    return listener


def check_free(host: str, port: int, setting: str) -> None:
    """Raises CannotListen where somebody else listens there already."""
    listening(host, port, setting).close()


def _reason(error: OSError, host: str, port: int, setting: str) -> str:
    option = "`--port`" if setting == "server" else f"`{setting}.port`"
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use: stop the program that listens there, or choose another with {option}."
    if error.errno == errno.EACCES:
        return f"Port {port} may not be used by this user: choose one above 1023 with {option}."
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return (
            f"{host} is no address of this machine: set `{setting}.host` to 127.0.0.1, or to 0.0.0.0 for all addresses."
        )
    return f"The server cannot listen on port {port} of {host} ({error.strerror}): choose another with {option}."
