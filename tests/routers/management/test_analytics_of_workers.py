"""Analytics of a server with several workers, whichever of them is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from middleware.edge.errors import install_error_handlers
from routers.management.analytics import AnalyticsRoutes
from routers.management.recent_operations import RecentRoutes
from stts.analytics.course import Course
from stts.analytics.history import History, Tally
from stts.analytics.metrics import Metrics
from stts.analytics.recent import RecentOperations
from stts.analytics.record import OperationRecord
from stts.analytics.resources import Resources
from stts.analytics.shared_history import SharedHistory, from_plain, to_plain
from stts.peers.link import Peers
from tests.stts.analytics.test_history import DONE, Clock
from tests.stts.peers.crowd import Crowd, crowd

pytestmark = pytest.mark.socket


class Worker:
    def __init__(self, peers: Peers, clock: Clock) -> None:
        self.peers = peers
        self.history, self.recent = History(60, clock), RecentOperations(clock)
        SharedHistory(peers, self.history)
        self.app = FastAPI()
        install_error_handlers(self.app)
        analytics = AnalyticsRoutes(self.history, Metrics(), Resources(), peers=peers)
        for routes in (analytics, RecentRoutes(self.recent, peers)):
            self.app.include_router(routes.router)

    def finish(self, record: OperationRecord) -> None:
        for each in (self.history, self.recent):
            each.operation_finished(record)

    async def get(self, path: str, **query: Any) -> Any:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return (await client.get(path, params=query)).json()


@asynccontextmanager
async def two() -> AsyncIterator[tuple[Crowd, Clock, Worker, Worker]]:
    async with crowd() as them:
        clock = Clock()
        yield them, clock, Worker(await them.joined(), clock), Worker(await them.joined(), clock)


async def test_sums_and_steps_are_those_of_all_workers() -> None:
    async with two() as (them, clock, one, other):
        one.finish(DONE)
        clock.now += 60
        other.finish(replace(DONE, status="error", code="busy", labels=DONE.labels._replace(language="de")))
        one.finish(DONE)
        for worker in (one, other):
            summary = await worker.get("/analytics/summary")
            total = summary["total"]
            assert (total["operations"], total["completed"], total["errors"]) == (3, 2, 1)
            assert summary["by_language"]["de"]["operations"] == 1
            points = (await worker.get("/analytics/timeseries", window="2m"))["points"]
            assert [each["operations"]["operations"] for each in points] == [1, 2]
            formats = (await worker.get("/analytics/formats"))["formats"]
            assert sum(each["operations"]["operations"] for each in formats) == 3
            assert summary["resources"]["memory"] > Resources().usage().memory
        await them.gone(other.peers)
        assert (await one.get("/analytics/summary"))["total"]["operations"] == 2


async def test_single_operations_are_those_of_all_workers() -> None:
    async with two() as (_, clock, one, other):
        for number, worker in enumerate((one, other, one, other)):
            clock.now += 1
            first = 4.0 - number if number < 2 else 0.1
            worker.finish(replace(DONE, request_id=f"r{number}", first_item=first, course=Course(load=first)))
        for worker in (one, other):
            newest = await worker.get("/analytics/operations", order="newest", limit=3)
            assert [each["request_id"] for each in newest["operations"]] == ["r3", "r2", "r1"]
            assert newest["found"] == 4
            slowest = await worker.get("/analytics/operations", limit=2)
            assert [each["request_id"] for each in slowest["operations"]] == ["r0", "r1"]
            for number in range(4):
                (found,) = (await worker.get("/analytics/operations", request_id=f"r{number}"))["operations"]
                assert found["request_id"] == f"r{number}"
            assert (await worker.get("/analytics/operations", engine="nobody"))["found"] == 0


def test_a_tally_is_the_same_as_plain_values() -> None:
    tally = Tally()
    tally.add(replace(DONE, first_item=5.0, total=9.0, course=Course(load=4.5)))
    tally.add(replace(DONE, status="error", code="busy"))
    again = from_plain(to_plain(tally))
    assert to_plain(again) == to_plain(tally)
    assert again.slow == tally.slow != {}
    assert again.total.quantile(0.5) == tally.total.quantile(0.5)
