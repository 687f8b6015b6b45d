"""Calls by WebRTC: how many there are, and how often a listener was given silence in the middle of speech."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class CallMetrics(Collector):
    def __init__(self, read: Callable[[], tuple[int, int, int]], registry: CollectorRegistry) -> None:
        """`read`: calls that are open, frames in which something was spoken, and those of them that had no audio."""
        self._read = read
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        calls, spoken, starved = self._read()
        yield GaugeMetricFamily("stts_calls", "Calls by WebRTC that are open.", value=calls)
        yield CounterMetricFamily("stts_call_frames", "Frames of 20 ms in which a reply was heard.", value=spoken)
        said = "Frames of them for which its audio had not come in time."
        yield CounterMetricFamily("stts_call_frames_starved", said, value=starved)
