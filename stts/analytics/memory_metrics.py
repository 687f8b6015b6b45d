"""Memory of loaded engines, and how often they were unloaded to give it back, read when a scraper asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class MemoryMetrics(Collector):
    """An engine that is not loaded any more has no value."""

    def __init__(
        self,
        memory: Callable[[], Mapping[str, int]],
        unloads: Callable[[], Mapping[tuple[str, str], int]],
        registry: CollectorRegistry,
    ) -> None:
        """`memory`: bytes by engine. `unloads`: how often, by engine and reason."""
        self._memory = memory
        self._unloads = unloads
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        memory = GaugeMetricFamily("stts_engine_memory_bytes", "Memory of loaded engines.", labels=["engine"])
        for engine, taken in self._memory().items():
            memory.add_metric([engine], taken)
        yield memory
        unloads = CounterMetricFamily("stts_engine_unloads", "Engines unloaded.", labels=["engine", "reason"])
        for (engine, reason), count in self._unloads().items():
            unloads.add_metric([engine, reason], count)
        yield unloads
