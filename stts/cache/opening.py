"""Makes the store of the cache with the tiers of this server."""

from __future__ import annotations

from pathlib import Path

from stts.cache.disk import DiskTier
from stts.cache.store import CacheStore, LeftByOthers
from stts.cache.tier import SlowTier
from stts.settings import CurrentSettings


def open_cache(settings: CurrentSettings) -> CacheStore:
    """Touches neither disk nor network: `CacheStore.open` does."""
    tiers: list[SlowTier] = [DiskTier(Path(settings().storage.root), settings)]
    left_by_others: LeftByOthers | None = None
    url = settings().cache.redis_url
    if url is not None:
        from stts.cache.redis_tier import RedisTier

        redis = RedisTier(url.get_secret_value())
        tiers.append(redis)
        left_by_others = redis.left_by_others
    return CacheStore(settings, tiers, left_by_others=left_by_others)
