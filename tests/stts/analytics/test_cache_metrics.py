from __future__ import annotations

from prometheus_client import CollectorRegistry

from stts.analytics.cache_metrics import CacheMetrics


def test_hits_by_tier_are_read_when_they_are_asked_for() -> None:
    registry, hits = CollectorRegistry(), {"memory": 1}
    CacheMetrics(lambda: hits, registry)
    hits |= {"memory": 3, "disk": 2}
    found = {tier: registry.get_sample_value("stts_cache_hits_total", {"tier": tier}) for tier in ("memory", "disk")}
    assert found == {"memory": 3, "disk": 2}
