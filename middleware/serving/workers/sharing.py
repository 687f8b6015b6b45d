"""Shares connections with the other workers: whoever has least to do gets the next one.

The system gives each connection to some worker, by its ports. That one hands it on at once, before anything is read,
where another has less to do; of those that are even it stays.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

from middleware.serving.load import Load
from middleware.serving.workers.door import Door
from middleware.serving.workers.load_page import mapped, new_page
from middleware.serving.workers.other import Other


class Sharing:
    """One for a worker."""

    def __init__(self) -> None:
        self.page = new_page()
        """The file of its load, for the others."""
        self.load = Load(mapped(self.page.fileno()))
        self._doors: dict[str, Door] = {}
        """By address; of several the one that was opened last."""
        self._others: set[Other] = set()

    @property
    def leaving(self) -> int:
        """Connections that others were asked to take."""
        return sum(each.asked for each in self._others)

    def meet(self, end: socket.socket, page: int) -> None:
        """Another worker has come. `end`: of a channel to it; `page`: the file of its load, the caller's."""
        self._others.add(Other(end, page, self._take, self._others.discard))

    def open(self, listens: socket.socket, factory: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None) -> Door:
        door = Door(listens, factory, tls, self.load, self._place, self._closed)
        self._doors[door.where] = door
        self.load.open()
        return door

    def close(self) -> None:
        self.load.close()
        for each in self._others:
            each.close()
        self._others.clear()
        self.page.close()

    def _place(self, door: Door, connection: socket.socket) -> None:
        least = min((each for each in self._others if each.is_free), key=lambda each: each.load, default=None)
        if least is None or least.load >= self.load.value:
            door.serve(connection)
        else:
            least.hand(door, connection)

    def _take(self, where: str, connection: socket.socket) -> bool:
        """Lets in whom another worker hands over; False where nobody is let in at that address."""
        door = self._doors.get(where)
        if door is None:
            return False
        door.serve(connection)
        return True

    def _closed(self, door: Door) -> None:
        if self._doors.get(door.where) is door:
            del self._doors[door.where]
        if not self._doors:
            self.load.close()
