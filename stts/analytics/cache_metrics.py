"""Hits of the cache by the tier that had the entry, read when a scraper asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class CacheMetrics(Collector):
    def __init__(self, hits: Callable[[], Mapping[str, int]], registry: CollectorRegistry) -> None:
        """`hits`: how often an entry was found, an answer or a sentence, by tier."""
        self._hits = hits
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        said = "Entries of the cache, answers and sentences, that a tier had."
        family = CounterMetricFamily("stts_cache_hits", said, labels=["tier"])
        for tier, count in self._hits().items():
            family.add_metric([tier], count)
        yield family
