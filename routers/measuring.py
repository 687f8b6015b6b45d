"""Measuring: all that counts operations, made once, and the stages that tell it of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from adapters.catalogue import EngineCatalogue
from middleware.pipeline import Stage
from middleware.stages.analytics import AnalyticsStage
from middleware.stages.logging import LoggingStage
from middleware.stages.timing import TimingStage
from middleware.traces import open_tracing
from routers.access_services import AccessServices
from stts.analytics.cache_metrics import CacheMetrics
from stts.analytics.history import History
from stts.analytics.memory_metrics import MemoryMetrics
from stts.analytics.metrics import Metrics
from stts.analytics.recent import RecentOperations
from stts.analytics.record import RecordWriter
from stts.analytics.resources import Resources
from stts.cache.store import CacheStore
from stts.settings import CurrentSettings

if TYPE_CHECKING:
    from stts.telemetry.tracer import Tracer


class Measures(NamedTuple):
    history: History
    recent: RecentOperations
    metrics: Metrics
    resources: Resources
    tracer: Tracer | None
    """None where no traces are kept."""
    counting: tuple[LoggingStage, AnalyticsStage, TimingStage]
    stages: Sequence[Stage]
    """Those, with the tracing around them where there is some."""


def build_measures(
    current: CurrentSettings, access: AccessServices, engines: EngineCatalogue, cache: CacheStore
) -> Measures:
    resources = Resources()
    metrics = Metrics(resources, engines.readings, lambda: access.refusals.counts)
    MemoryMetrics(engines.residency.memory, lambda: engines.residency.unloads, metrics.registry)
    CacheMetrics(lambda: cache.hits, metrics.registry)
    history, recent = History(current().analytics.history_minutes), RecentOperations()
    writers: list[RecordWriter] = [history, recent, metrics]
    if access.usage is not None:
        writers.append(access.usage)
    tracer, tracing = open_tracing(current().telemetry)
    counting = (LoggingStage(current), AnalyticsStage(writers), TimingStage())
    return Measures(history, recent, metrics, resources, tracer, counting, (*tracing, *counting))
