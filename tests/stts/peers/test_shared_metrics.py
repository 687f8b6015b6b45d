"""The page for Prometheus, whichever worker is asked."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from stts.peers.link import Peers
from stts.peers.shared_metrics import WorkersMetrics
from tests.stts.peers.crowd import Crowd, crowd

pytestmark = pytest.mark.socket


class Counting:
    """One worker that counts."""

    def __init__(self, peers: Peers) -> None:
        self.registry = CollectorRegistry()
        self.done = Counter("done", "Done.", ["engine"], registry=self.registry)
        self.busy = Gauge("busy", "Busy.", registry=self.registry)
        self.lag = Gauge("stts_event_loop_lag_seconds", "Lag.", ["quantile"], registry=self.registry)
        self.available = Gauge("stts_engine_available", "1 or 0.", ["engine"], registry=self.registry)
        self.took = Histogram("took_seconds", "Took.", buckets=(1.0, 2.0), registry=self.registry)
        self.peers = peers
        self.metrics = WorkersMetrics(peers, self.registry)

    async def page(self) -> dict[str, float]:
        text, media_type = await self.metrics.render()
        assert media_type.startswith("text/plain")
        return {
            "".join([sample.name, *(f",{name}={value}" for name, value in sample.labels.items())]): sample.value
            for family in text_string_to_metric_families(text.decode())
            for sample in family.samples
        }


async def counting(them: Crowd) -> Counting:
    return Counting(await them.joined())


async def test_the_page_is_one_sum_whichever_worker_is_asked() -> None:
    async with crowd() as them:
        workers = [await counting(them) for _ in range(3)]
        for number, each in enumerate(workers):
            each.done.labels("espeak").inc(number + 1)
            each.done.labels(f"only {number}").inc()
            each.busy.set(2)
            each.lag.labels("0.5").set(number)
            each.available.labels("espeak").set(number != 1)
            each.took.observe(number + 0.5)
        for each in workers:
            page = await each.page()
            assert page["done_total,engine=espeak"] == 6
            assert [page[f"done_total,engine=only {number}"] for number in range(3)] == [1, 1, 1]
            assert (page["busy"], page["stts_event_loop_lag_seconds,quantile=0.5"]) == (6, 2)
            assert page["stts_engine_available,engine=espeak"] == 0
            assert [page[f"took_seconds_bucket,le={bound}"] for bound in ("1.0", "2.0", "+Inf")] == [1, 2, 3]
            assert (page["took_seconds_count"], page["took_seconds_sum"]) == (3, 4.5)


async def test_what_a_worker_had_counted_counts_on_when_it_has_gone() -> None:
    async with crowd() as them:
        leaving, killed, staying = [await counting(them) for _ in range(3)]
        for each in (leaving, killed, staying):
            each.done.labels("espeak").inc(10)
            each.busy.set(1)
        assert (await staying.page())["done_total,engine=espeak"] == 30
        leaving.done.labels("espeak").inc(5)
        await them.gone(leaving.peers)
        killed.peers.on_close.clear()
        killed.done.labels("espeak").inc(5)  # nobody has seen these
        await them.gone(killed.peers)
        page = await staying.page()
        assert (page["done_total,engine=espeak"], page["busy"]) == (35, 1)
        follower = await counting(them)
        follower.done.labels("espeak").inc(1)
        assert (await follower.page())["done_total,engine=espeak"] == 36


async def test_a_worker_that_does_not_answer_stands_with_what_it_has_told() -> None:
    async with crowd() as them:
        one, other = [await counting(them) for _ in range(2)]
        other.done.labels("espeak").inc(3)
        await one.page()

        async def fails(_: object) -> None:
            raise RuntimeError

        other.peers.on("metrics.own", fails)
        assert (await one.page())["done_total,engine=espeak"] == 3


async def test_openmetrics_is_told_as_well() -> None:
    async with crowd() as them:
        one, other = [await counting(them) for _ in range(2)]
        other.done.labels("espeak").inc(3)
        text, media_type = await one.metrics.render("application/openmetrics-text; version=1.0.0")
        assert "openmetrics" in media_type
        assert 'done_total{engine="espeak"} 3.0' in text.decode()
        assert text.endswith(b"# EOF\n")


async def test_without_the_others_a_worker_tells_its_own() -> None:
    async with crowd() as them:
        alone = await counting(them)
        alone.done.labels("espeak").inc(3)
        await them.gone(alone.peers)
        assert (await alone.page())["done_total,engine=espeak"] == 3
