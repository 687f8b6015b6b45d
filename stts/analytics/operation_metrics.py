"""Sums over finished operations, added up in plain numbers and put into Prometheus' form when a scraper asks.

Operations end thousands of times a second, scrapers come every few seconds. All of it happens on one event loop.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, chain

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from stts.analytics.history import OTHER
from stts.analytics.record import OperationRecord
from stts.context import RequestType

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
WHO = ("type", "engine")
MOST_COMBINATIONS = 500
"""Most combinations of type, engine and format; further ones are counted as `other`."""

Kind = tuple[str, str, str]
"""Type, engine and format."""


@dataclass(frozen=True, slots=True)
class Totals:
    """All operations of one type since the start."""

    statuses: Mapping[str, int]
    """How they ended -> how many."""
    cached: Mapping[str, int]
    """How the cache had to do with them -> how many."""
    audio_seconds: float


class OperationMetrics(Collector):
    """A RecordWriter (`stts/analytics/record.py`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._running: dict[str, int] = {}
        self._sums: dict[Kind, _Sums] = {}
        self._listeners: dict[tuple[str, str, str], int] = {}
        """Finished operations by listener, type and status."""
        registry.register(self)

    def operation_started(self, request_type: RequestType) -> None:
        self._running[request_type] = self._running.get(request_type, 0) + 1

    def operation_finished(self, record: OperationRecord) -> None:
        labels = record.labels
        self._running[labels.type] = self._running.get(labels.type, 0) - 1
        kind = (labels.type, labels.engine, labels.format)
        sums = self._sums.get(kind)
        if sums is None:
            if len(self._sums) >= MOST_COMBINATIONS:
                kind = (labels.type, OTHER, OTHER)
            sums = self._sums.setdefault(kind, _Sums())
        sums.add(record)
        came = (labels.listener, labels.type, record.status)
        self._listeners[came] = self._listeners.get(came, 0) + 1

    def totals(self, request_type: RequestType) -> Totals:
        sums = self._by(lambda kind: kind[:1]).get((request_type,)) or _Sums()
        return Totals(sums.statuses, sums.cached, sums.audio)

    def describe(self) -> Iterator[Metric]:
        yield from _Families()

    def collect(self) -> Iterator[Metric]:
        families = _Families()
        for name, count in self._running.items():
            families.running.add_metric((name,), count)
        for (kind, engine, form), sums in self._sums.items():
            for status, count in sums.statuses.items():
                families.operations.add_metric((kind, engine, form, status), count)
        for came, count in self._listeners.items():
            families.listeners.add_metric(came, count)
        for who, those in self._by(lambda kind: kind[:2]).items():
            families.add_sums(who, those)
        for (engine,), those in self._by(lambda kind: kind[1:2]).items():
            for state, count in those.cached.items():
                families.cached.add_metric((engine, state.lower()), count)
        yield from families

    def _by(self, part: Callable[[Kind], tuple[str, ...]]) -> dict[tuple[str, ...], _Sums]:
        found: dict[tuple[str, ...], _Sums] = {}
        for kind, sums in self._sums.items():
            found.setdefault(part(kind), _Sums()).merge(sums)
        return found


class _Durations:
    """Durations, each in the first bucket that it fits into."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.seconds += seconds

    def merge(self, other: _Durations) -> None:
        self.counts = [one + more for one, more in zip(self.counts, other.counts, strict=True)]
        self.seconds += other.seconds

    @property
    def buckets(self) -> list[tuple[str, float]]:
        """Upper bounds, each with how many are below it."""
        return list(zip((*map(str, SECONDS), "+Inf"), accumulate(map(float, self.counts)), strict=True))


class _Sums:
    """All operations of one kind."""

    __slots__ = (
        *("audio", "bytes", "cached", "characters", "errors"),
        *("fallbacks", "first_item", "queue", "statuses", "total"),
    )

    def __init__(self) -> None:
        self.statuses: dict[str, int] = {}
        self.errors: dict[str, int] = {}
        self.fallbacks: dict[str, int] = {}
        self.cached: dict[str, int] = {}
        self.audio = 0.0
        self.characters = self.bytes = 0
        self.queue, self.first_item, self.total = _Durations(), _Durations(), _Durations()

    def add(self, record: OperationRecord) -> None:
        self.statuses[record.status] = self.statuses.get(record.status, 0) + 1
        if record.code is not None:
            self.errors[record.code] = self.errors.get(record.code, 0) + 1
        if record.fallback is not None:
            self.fallbacks[record.fallback] = self.fallbacks.get(record.fallback, 0) + 1
        if record.cache is not None:
            self.cached[record.cache] = self.cached.get(record.cache, 0) + 1
        self.audio += record.audio_seconds
        self.characters += record.characters
        self.bytes += record.bytes
        if record.urgency != "background":
            self._add_waits(record)
        if record.total is not None:
            self.total.add(record.total)

    def _add_waits(self, record: OperationRecord) -> None:
        """Only of what somebody waited for: items of a book that wait for each other are no slow server."""
        if record.queue is not None:
            self.queue.add(record.queue)
        if record.first_item is not None:
            self.first_item.add(record.first_item)

    def merge(self, other: _Sums) -> None:
        for own, more in (
            (self.statuses, other.statuses),
            (self.errors, other.errors),
            (self.fallbacks, other.fallbacks),
            (self.cached, other.cached),
        ):
            for name, count in more.items():
                own[name] = own.get(name, 0) + count
        self.audio += other.audio
        self.characters += other.characters
        self.bytes += other.bytes
        for durations, those in (
            (self.queue, other.queue),
            (self.first_item, other.first_item),
            (self.total, other.total),
        ):
            durations.merge(those)


class _Families:
    """The metrics, without values at first."""

    def __init__(self) -> None:
        self.running = GaugeMetricFamily("stts_operations_in_progress", "Operations under way.", labels=["type"])
        self.operations = _counter("stts_operations", "Finished operations.", *WHO, "format", "status")
        self.listeners = _counter(
            "stts_listener_operations", "Finished operations by listener.", "listener", "type", "status"
        )
        self.errors = _counter("stts_errors", "Failed operations.", *WHO, "code")
        self.fallbacks = _counter("stts_fallbacks", "Requests that another engine did in its place.", *WHO, "code")
        self.cached = _counter("stts_cache_answers", "Answers that the cache was asked for.", "engine", "state")
        self.audio = _counter("stts_audio_seconds", "Audio made or heard.", *WHO)
        self.characters = _counter("stts_characters", "Characters spoken.", *WHO)
        self.bytes = _counter("stts_audio_bytes", "Encoded audio sent.", *WHO)
        self.queue = _histogram("stts_queue_seconds", "Wait for an engine, of what somebody waits for.")
        said = "Until the first audio or text, from when its words were there, of what somebody waits for."
        self.first_item = _histogram("stts_first_item_seconds", said)
        self.total = _histogram("stts_operation_seconds", "Until the end.")

    def add_sums(self, who: tuple[str, ...], sums: _Sums) -> None:
        """Adds all that has no other labels than type and engine, or a code beside them."""
        for family, counts in ((self.errors, sums.errors), (self.fallbacks, sums.fallbacks)):
            for code, count in counts.items():
                family.add_metric((*who, code), count)
        for total, value in ((self.audio, sums.audio), (self.characters, sums.characters), (self.bytes, sums.bytes)):
            total.add_metric(who, value)
        for histogram, of in ((self.queue, sums.queue), (self.first_item, sums.first_item), (self.total, sums.total)):
            histogram.add_metric(who, of.buckets, of.seconds)

    def __iter__(self) -> Iterator[Metric]:
        """All of them."""
        counters: Iterable[Metric] = (self.operations, self.listeners, self.errors, self.fallbacks, self.cached)
        totals: Iterable[Metric] = (self.audio, self.characters, self.bytes)
        yield from chain((self.running,), counters, totals, (self.queue, self.first_item, self.total))


def _counter(name: str, said: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(name, said, labels=labels)


def _histogram(name: str, said: str) -> HistogramMetricFamily:
    return HistogramMetricFamily(name, said, labels=WHO)
