"""How often limits and quotas have refused, read when a scraper asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class QuotaMetrics(Collector):
    def __init__(self, refusals: Callable[[], Mapping[str, int]], registry: CollectorRegistry) -> None:
        """`refusals`: how many, by the code of the error."""
        self._refusals = refusals
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        counted = CounterMetricFamily("stts_quota_refusals", "Refusals by limits and quotas.", labels=["code"])
        for code, count in self._refusals().items():
            counted.add_metric([code], count)
        yield counted
