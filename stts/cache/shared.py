"""One cache for all workers of a server: each knows the files of the others, and forgets in memory what they remove."""

from __future__ import annotations

from stts.cache.disk import DiskTier
from stts.cache.store import CacheStore
from stts.cache.stored import Selection
from stts.peers.line import Plain
from stts.peers.link import Peers

REMOVAL_SECONDS = 10.0
"""Longest wait until the other workers have removed what one was told to remove; they do it all the same."""


class SharedCache:
    """One for a worker."""

    def __init__(self, peers: Peers, store: CacheStore, disk: DiskTier) -> None:
        self._peers = peers
        self._store = store
        self._disk = disk
        store.told = self._tell_removal
        disk.on_written = self._tell_written
        peers.on("cache.removed", self._remove)
        peers.on("cache.written", self._note)

    async def _tell_removal(self, selection: Selection) -> None:
        value = [selection.engine, selection.voice, selection.owner]
        await self._peers.ask_others("cache.removed", value, REMOVAL_SECONDS)

    def _tell_written(self, key: str, size: int) -> None:
        self._peers.tell_others("cache.written", [key, size])

    async def _remove(self, value: Plain) -> int:
        return await self._store.remove_here(Selection(*value))

    def _note(self, value: Plain) -> None:
        key, size = value
        self._disk.written_by_another(key, size)
