"""Metrics for Prometheus, in a registry of this app's own.

Labels are names from our registry and fixed words, never what clients send. Voices and languages stay out, for a
scraper keeps every combination for good; the history has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

from stts.analytics.engine_metrics import EngineMetrics
from stts.analytics.engine_statistics import Reading
from stts.analytics.history import OTHER
from stts.analytics.quota_metrics import QuotaMetrics
from stts.analytics.record import OperationRecord
from stts.analytics.resources import Resources
from stts.context import RequestType

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
WHO = ("type", "engine")
MOST_COMBINATIONS = 500
"""Most combinations of type, engine and format; further ones are counted as `other`."""


class Metrics:
    def __init__(
        self,
        resources: Resources | None = None,
        engines: Callable[[], Iterable[Reading]] = tuple[Reading],
        refusals: Callable[[], Mapping[str, int]] = dict[str, int],
    ) -> None:
        """`engines` gives their statistics, `refusals` those of limits and quotas by code, when a scraper asks."""
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        if resources is not None:
            _watch_loop(resources, registry)
        EngineMetrics(engines, registry)
        QuotaMetrics(refusals, registry)
        self._running = Gauge("stts_operations_in_progress", "Operations under way.", ["type"], registry=registry)
        self._operations = Counter(
            "stts_operations", "Finished operations.", [*WHO, "format", "status"], registry=registry
        )
        self._errors = Counter("stts_errors", "Failed operations.", [*WHO, "code"], registry=registry)
        self._fallbacks = Counter(
            "stts_fallbacks", "Requests that another engine did in its place.", [*WHO, "code"], registry=registry
        )
        self._cached = Counter(
            "stts_cache_answers", "Answers that the cache was asked for.", ["engine", "state"], registry=registry
        )
        self._audio = Counter("stts_audio_seconds", "Audio made or heard.", WHO, registry=registry)
        self._characters = Counter("stts_characters", "Characters spoken.", WHO, registry=registry)
        self._bytes = Counter("stts_audio_bytes", "Encoded audio sent.", WHO, registry=registry)
        self._queue = Histogram("stts_queue_seconds", "Wait for an engine.", WHO, buckets=SECONDS, registry=registry)
        self._first_item = Histogram(
            "stts_first_item_seconds",
            "Until the first audio or text, from when its words were there.",
            WHO,
            buckets=SECONDS,
            registry=registry,
        )
        self._total = Histogram("stts_operation_seconds", "Until the end.", WHO, buckets=SECONDS, registry=registry)
        self._series: dict[tuple[str, str, str], _Series] = {}

    def operation_started(self, request_type: RequestType) -> None:
        self._running.labels(request_type).inc()

    def operation_finished(self, record: OperationRecord) -> None:
        self._running.labels(record.labels.type).dec()
        series = self._of(record.labels.type, record.labels.engine, record.labels.format)
        self._operations.labels(series.type, series.engine, series.format, record.status).inc()
        if record.code is not None:
            self._errors.labels(series.type, series.engine, record.code).inc()
        if record.fallback is not None:
            self._fallbacks.labels(series.type, series.engine, record.fallback).inc()
        if record.cache is not None:
            self._cached.labels(series.engine, record.cache.lower()).inc()
        series.audio.inc(record.audio_seconds)
        series.characters.inc(record.characters)
        series.bytes.inc(record.bytes)
        if record.queue is not None:
            series.queue.observe(record.queue)
        if record.first_item is not None:
            series.first_item.observe(record.first_item)
        if record.total is not None:
            series.total.observe(record.total)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """The page for a scraper and its media type: OpenMetrics where `Accept` asks for it, else Prometheus text."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type

    def _of(self, kind: str, engine: str, form: str) -> _Series:
        key = (kind, engine, form)
        if key not in self._series and len(self._series) >= MOST_COMBINATIONS:
            key = (kind, OTHER, OTHER)
        if key not in self._series:
            self._series[key] = self._new(*key)
        return self._series[key]

    def _new(self, kind: str, engine: str, form: str) -> _Series:
        who = (kind, engine)
        return _Series(
            kind,
            engine,
            form,
            self._audio.labels(*who),
            self._characters.labels(*who),
            self._bytes.labels(*who),
            self._queue.labels(*who),
            self._first_item.labels(*who),
            self._total.labels(*who),
        )


@dataclass(frozen=True, slots=True)
class _Series:
    """The metrics of one type, engine and format, looked up once."""

    type: str
    engine: str
    format: str
    audio: Counter
    characters: Counter
    bytes: Counter
    queue: Histogram
    first_item: Histogram
    total: Histogram


def _watch_loop(resources: Resources, registry: CollectorRegistry) -> None:
    lag = Gauge(
        "stts_event_loop_lag_seconds", "Lag of the event loop over the last minute.", ["quantile"], registry=registry
    )
    for quantile in (0.5, 0.99):
        lag.labels(str(quantile)).set_function(partial(_lag, resources, quantile))


def _lag(resources: Resources, quantile: float) -> float:
    return resources.loop_lag(quantile) or 0.0
