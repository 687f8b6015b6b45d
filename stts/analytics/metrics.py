"""Metrics for Prometheus, in a registry of this app's own.

Labels are names from our registry and fixed words, never what clients send. Voices and languages stay out, for a
scraper keeps every combination for good; the history has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector
from prometheus_client.exposition import choose_encoder

from stts.analytics.engine_metrics import EngineMetrics
from stts.analytics.engine_statistics import Reading
from stts.analytics.operation_metrics import OperationMetrics, Totals
from stts.analytics.quota_metrics import QuotaMetrics
from stts.analytics.record import OperationRecord
from stts.analytics.resources import Resources
from stts.context import RequestType


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
        self._operations = OperationMetrics(registry)

    def operation_started(self, request_type: RequestType) -> None:
        self._operations.operation_started(request_type)

    def operation_finished(self, record: OperationRecord) -> None:
        self._operations.operation_finished(record)

    def totals(self, request_type: RequestType) -> Totals:
        """Sums over the operations of one type, for those who tell them in another form."""
        return self._operations.totals(request_type)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """The page for a scraper and its media type: OpenMetrics where `Accept` asks for it, else Prometheus text."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type


def _watch_loop(resources: Resources, registry: CollectorRegistry) -> None:
    lag = Gauge(
        "stts_event_loop_lag_seconds", "Lag of the event loop over the last minute.", ["quantile"], registry=registry
    )
    for quantile in (0.5, 0.99):
        lag.labels(str(quantile)).set_function(partial(_lag, resources, quantile))


def _lag(resources: Resources, quantile: float) -> float:
    return resources.loop_lag(quantile) or 0.0
