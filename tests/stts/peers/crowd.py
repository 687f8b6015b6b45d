"""Workers of one server in a test, each with its line to the process that all of them share."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stts.peers.coordinator import Coordinator
from stts.peers.link import Peers


class Crowd:
    def __init__(self) -> None:
        self.coordinator = Coordinator()
        self._serving: dict[Peers, asyncio.Task[None]] = {}

    def arrived(self) -> Peers:
        """A worker whose end is not open yet."""
        here, there = socket.socketpair()
        peers = Peers(there)
        self._serving[peers] = asyncio.create_task(self.coordinator.serve(here, len(self._serving)))
        return peers

    async def joined(self) -> Peers:
        peers = self.arrived()
        await peers.open()
        # It is known once the first question has been answered.
        await peers.ask("rates.hit", [], 60)
        return peers

    async def gone(self, peers: Peers) -> None:
        """Returns once nothing is left of a worker."""
        await peers.close()
        await self._serving.pop(peers)

    async def close(self) -> None:
        for peers in list(self._serving):
            await self.gone(peers)


@asynccontextmanager
async def crowd() -> AsyncIterator[Crowd]:
    found = Crowd()
    try:
        yield found
    finally:
        await found.close()
