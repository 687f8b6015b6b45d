"""The page for Prometheus of a server with several workers: one sum, whichever worker is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import add

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder

from stts.peers.line import LineCut, Plain
from stts.peers.link import Peers
from stts.peers.metrics import PAGE_SECONDS, Sums

WORST: dict[str, Callable[[float, float], float]] = {
    "stts_event_loop_lag_seconds": max,
    "stts_engine_breaker_open": max,
    "stts_engine_failure_rate": max,
    "stts_engine_first_item_seconds": max,
    "stts_engine_real_time_factor": max,
    "stts_engine_available": min,
    "process_start_time_seconds": min,
}
"""Gauges that are no amounts: the worst of all workers is told. All others are sums."""


class WorkersMetrics:
    """One for a worker."""

    def __init__(self, peers: Peers, registry: CollectorRegistry) -> None:
        self._peers = peers
        self._registry = registry
        peers.on("metrics.own", lambda _: self._page())
        peers.on_close.append(lambda: peers.tell("metrics.last", self._page()))

    async def render(self, accept: str = "") -> tuple[bytes, str]:
        """The page and its media type, as `Metrics.render` has them. Where the others do not answer, of this worker
        alone."""
        encode, media_type = choose_encoder(accept)
        try:
            pages = await self._peers.ask("metrics.pages", self._page(), PAGE_SECONDS + 1.0)
        except LineCut:
            return encode(self._registry), media_type
        sums = Sums(_merge)
        for page in pages:
            sums.add(page)
        return encode(_Page(sums.page())), media_type

    def _page(self) -> Plain:
        return [
            [each.name, each.documentation, each.type, [[one.name, one.labels, one.value] for one in each.samples]]
            for each in self._registry.collect()
        ]


class _Page(CollectorRegistry):
    """A registry of metrics that are there already."""

    def __init__(self, page: Plain) -> None:
        super().__init__()
        self._page = page

    def collect(self) -> Iterator[Metric]:
        for name, said, kind, samples in self._page:
            metric = Metric(name, said, kind)
            for sample, labels, value in samples:
                metric.add_sample(sample, labels, value)
            yield metric


def _merge(name: str, kind: str) -> Callable[[float, float], float]:
    return WORST.get(name, add) if kind == "gauge" else add
