"""Makes the store of the cache with the tiers of this server."""

from __future__ import annotations

from pathlib import Path

from stts.cache.disk import DiskTier
from stts.cache.store import CacheStore
from stts.settings import CurrentSettings


def open_cache(settings: CurrentSettings) -> CacheStore:
    """Touches neither disk nor network: `CacheStore.open` does."""
    return CacheStore(settings, [DiskTier(Path(settings().storage.root), settings)])
