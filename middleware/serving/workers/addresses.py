"""Addresses at which all workers listen: each has a socket of its own there, and they share the clients out evenly."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress

from middleware.serving.listening import Accepting, check_free, sharing
from middleware.serving.workers.sharing import Sharing


class SharedAddresses:
    """Sockets of one worker, by the section of the configuration that names each address.

    A socket takes clients only from when it is served on: those of a worker that still starts go to the others.
    """

    def __init__(
        self, inherited: Mapping[str, socket.socket], ports: Mapping[str, int], sharing: Sharing, *, is_first: bool
    ) -> None:
        """`inherited`: sockets of the worker whose place this one takes, with the clients that wait there. `ports`:
        those that the system has chosen. `is_first`: nobody else of this server listens yet."""
        self.load = sharing.load
        self._sharing = sharing
        self._inherited = dict(inherited)
        self._ports = dict(ports)
        self._is_first = is_first
        self._open: dict[str, list[socket.socket]] = {}

    def listening(self, host: str, port: int, setting: str) -> socket.socket:
        """A socket for `serve` to listen on. Raises CannotListen as `middleware.serving.listening.listening` does."""
        if (given := self._inherited.pop(setting, None)) is not None:
            if _is_at(given, host, port):
                return self.remember(setting, given)
            given.close()
        if self._is_first and port:
            # Whoever shares an address is not told that somebody else does: the first one asks for it alone.
            check_free(host, port, setting)
        taken = sharing(host, port or self._ports.get(setting, 0), setting)
        self._ports[setting] = taken.getsockname()[1]
        return self.remember(setting, taken)

    async def accept(
        self, listens: socket.socket, factory: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None
    ) -> Accepting:
        return self._sharing.open(listens, factory, tls)

    @property
    def leaving(self) -> int:
        return self._sharing.leaving

    def remember(self, setting: str, taken: socket.socket) -> socket.socket:
        """Makes it one of those that a worker which follows gets. The one given last counts."""
        kept = [each for each in self._open.get(setting, ()) if each.fileno() >= 0]
        self._open[setting] = [*kept, taken]
        return taken

    @property
    def ports(self) -> dict[str, int]:
        return dict(self._ports)

    def sockets(self) -> dict[str, socket.socket]:
        """Those that are open now."""
        found = {name: [each for each in sockets if each.fileno() >= 0] for name, sockets in self._open.items()}
        return {name: sockets[-1] for name, sockets in found.items() if sockets}

    def started(self) -> None:
        """Lets go of what nobody has asked for."""
        self._is_first = False
        for each in self._inherited.values():
            with suppress(OSError):
                each.close()
        self._inherited.clear()


def _is_at(taken: socket.socket, host: str, port: int) -> bool:
    """True for a socket at the address that is wanted; a name of a machine is taken for what it was."""
    return not port or taken.getsockname()[1] == port
