"""The interface of the slower tiers, which hold packed entries: the disk, and Redis."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Protocol

from stts.cache.statistics import TierName, TierStatistics
from stts.cache.stored import Selection, Stored


class SlowTier(Protocol):
    """Fails at nothing: what cannot be read is not there, what cannot be written is counted and not kept."""

    name: TierName

    @property
    def hits(self) -> int:
        """How often it had an entry, since the start of this server."""
        ...

    @property
    def is_wanted(self) -> bool:
        """False where the settings of this moment leave it out."""
        ...

    async def open(self) -> None:
        """Looks at what is there, where it is wanted."""
        ...

    def may_have(self, key: str) -> bool:
        """False where it is known at once that `get` would find nothing."""
        ...

    async def get(self, key: str, now: float) -> Stored | None:
        """`now`: Unix time. What is damaged or has expired is removed."""
        ...

    async def put(self, key: str, entry: Stored, now: float) -> None: ...

    def note_use(self, key: str) -> None:
        """An entry was found in a faster tier: it is no candidate to go here. Waits for nothing."""
        ...

    async def remove(self, selections: Set[Selection]) -> Mapping[Selection, int] | None:
        """Removes what any of them means, and tells how many entries each did; None where the tier is not through."""
        ...

    async def statistics(self, now: float) -> TierStatistics: ...

    async def close(self) -> None: ...
