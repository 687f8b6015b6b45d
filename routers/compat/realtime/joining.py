"""Connections that join a call while it runs: each is told what the caller is, and its commands are obeyed likewise.

The socket of an application's server, as a rule: it gives the call its tools and instructions, and answers functions,
while a browser has the audio.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from routers.sockets.parts import until_first
from routers.sockets.socket import Socket
from stts.access.viewer import Viewer
from stts.errors import Busy, Conflict, NotFound

MOST_JOINED = 8
"""Connections that may have joined one call."""
MOST_EVENTS = 1000
"""Events that may wait for one of them; their audio is on the track."""
MOST_COMMANDS = 16
"""Commands of all of them that may wait: their sockets are read no further."""
NO_CALL = "There is no such call, or it is over."

Event = dict[str, Any]


class Guest:
    """One that has joined."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._waiting: deque[Event] = deque()
        self._changed = asyncio.Event()
        self._over = False

    def tell(self, event: Event) -> None:
        if len(self._waiting) >= MOST_EVENTS:
            self._socket.close_with(Busy("This connection is too far behind."))
            return
        self._waiting.append(event)
        self._changed.set()

    def end(self) -> None:
        """The call is over: what waits is the end of it."""
        self._over = True
        self._changed.set()

    async def run(self, guests: Guests, greeting: Event) -> None:
        """Until either leaves. Raises Conflict where too many have joined."""
        guests.join(self)
        try:
            self.tell(greeting)
            await until_first(self._deliver(), self._read(guests))
        finally:
            guests.leave(self)

    async def _deliver(self) -> None:
        while True:
            while self._waiting:
                await self._socket.send_json(self._waiting.popleft())
            if self._over:
                return
            self._changed.clear()
            await self._changed.wait()

    async def _read(self, guests: Guests) -> None:
        async for data in self._socket:
            await guests.commands.put((self, data))


class Guests:
    """All that have joined one call. Their commands are carried out by its own tasks, so that one who leaves in the
    middle of a command leaves nothing half done."""

    def __init__(self) -> None:
        self._joined: set[Guest] = set()
        self.commands: asyncio.Queue[tuple[Guest, str | bytes]] = asyncio.Queue(MOST_COMMANDS)

    def __len__(self) -> int:
        return len(self._joined)

    def join(self, guest: Guest) -> None:
        if len(self._joined) >= MOST_JOINED:
            raise Conflict(f"{MOST_JOINED} connections have joined this call.")
        self._joined.add(guest)

    def leave(self, guest: Guest) -> None:
        self._joined.discard(guest)

    def tell(self, event: Event) -> None:
        for guest in self._joined:
            guest.tell(event)

    def end(self) -> None:
        for guest in self._joined:
            guest.end()

    async def obey(self, carry_out: Callable[[Guest, str | bytes], Awaitable[None]]) -> None:
        """For as long as the call lasts."""
        while True:
            await carry_out(*await self.commands.get())


class Host(Protocol):
    """The connection of the caller."""

    guests: Guests

    def greeting(self) -> Event:
        """The event with which whoever joins begins."""
        ...

    def hang_up(self) -> None: ...


@dataclass(frozen=True, slots=True)
class RunningCall:
    """A call that can be joined, and hung up, by its id."""

    viewer: Viewer
    host: Host

    def hang_up(self) -> None:
        self.host.hang_up()


def joinable(found: object) -> RunningCall:
    """Raises NotFound for a call that has not begun to talk yet."""
    if not isinstance(found, RunningCall):
        raise NotFound(NO_CALL, param="call_id")
    return found
