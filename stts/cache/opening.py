"""Makes the store of the cache with the tiers of this server."""

from __future__ import annotations

from pathlib import Path

from stts.cache.disk import DiskTier
from stts.cache.shared import SharedCache
from stts.cache.store import CacheStore, LeftByOthers
from stts.cache.tier import SlowTier
from stts.peers.link import Peers
from stts.settings import CurrentSettings


def open_cache(settings: CurrentSettings, peers: Peers | None = None) -> CacheStore:
    """Touches neither disk nor network: `CacheStore.open` does. `peers`: other workers of this server, which have the
    same files."""
    disk = DiskTier(Path(settings().storage.root), settings)
    tiers: list[SlowTier] = [disk]
    left_by_others: LeftByOthers | None = None
    url = settings().cache.redis_url
    if url is not None:
        from stts.cache.redis_tier import RedisTier

        redis = RedisTier(url.get_secret_value())
        tiers.append(redis)
        left_by_others = redis.left_by_others
    store = CacheStore(settings, tiers, left_by_others=left_by_others)
    if peers is not None:
        SharedCache(peers, store, disk)
    return store
