"""The interface of the slower tiers, which hold packed entries: the disk, and Redis."""

from __future__ import annotations

from typing import Protocol

from stts.cache.statistics import TierStatistics
from stts.cache.stored import Selection, Stored


class SlowTier(Protocol):
    """Fails at nothing: what cannot be read is not there, what cannot be written is counted and not kept."""

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

    async def remove(self, selection: Selection) -> int:
        """Removes entries, and tells how many they were."""
        ...

    async def statistics(self, now: float) -> TierStatistics: ...

    async def close(self) -> None: ...
