"""Gauges of the engines, read when a scraper asks. Labels are names of instances."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stts.analytics.engine_statistics import Reading

WHO = ("kind", "engine")

GAUGES: dict[str, tuple[str, Callable[[Reading], float | None]]] = {
    "stts_engine_available": ("1: it can be taken; 0: not installed, failed or resting.", lambda of: of.available),
    "stts_engine_breaker_open": ("1: it rests after failures in a row.", lambda of: of.breaker != "closed"),
    "stts_engine_failure_rate": ("Share of failed requests, newest first.", lambda of: of.failure_rate),
    "stts_engine_first_item_seconds": ("From its turn to the first audio or text.", lambda of: of.first_seconds),
    "stts_engine_real_time_factor": ("Seconds of work a second of audio.", lambda of: of.real_time_factor),
}
COUNTERS: dict[str, tuple[str, Callable[[Reading], float]]] = {
    "stts_engine_requests": ("Requests it did or failed at.", lambda of: of.requests),
    "stts_engine_failures": ("Requests it is to blame for.", lambda of: of.failures),
    "stts_engine_underruns": ("Times a listener had nothing to hear.", lambda of: of.underruns),
}


class EngineMetrics(Collector):
    def __init__(self, readings: Callable[[], Iterable[Reading]], registry: CollectorRegistry) -> None:
        self._readings = readings
        registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Nothing is read before a scraper asks."""
        yield from self._families()

    def collect(self) -> Iterator[Metric]:
        gauges, counters = self._gauges(), self._counters()
        for reading in self._readings():
            for name, (_, read) in GAUGES.items():
                if (value := read(reading)) is not None:
                    gauges[name].add_metric((reading.kind, reading.engine), float(value))
            for name, (_, count) in COUNTERS.items():
                counters[name].add_metric((reading.kind, reading.engine), count(reading))
        yield from (*gauges.values(), *counters.values())

    def _families(self) -> Iterator[Metric]:
        yield from (*self._gauges().values(), *self._counters().values())

    def _gauges(self) -> dict[str, GaugeMetricFamily]:
        return {name: GaugeMetricFamily(name, said, labels=WHO) for name, (said, _) in GAUGES.items()}

    def _counters(self) -> dict[str, CounterMetricFamily]:
        return {name: CounterMetricFamily(name, said, labels=WHO) for name, (said, _) in COUNTERS.items()}
