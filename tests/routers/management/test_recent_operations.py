from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from middleware.edge.errors import install_error_handlers
from routers.management.recent_operations import RecentRoutes
from stts.analytics.course import Course
from stts.analytics.recent import RecentOperations
from tests.stts.analytics.test_history import DONE, NOON, Clock


class Server:
    """It has answered four requests, the second of them slowly."""

    def __init__(self) -> None:
        recent = RecentOperations(Clock())
        labels = DONE.labels
        for record in (
            replace(DONE, request_id="one", key_id="0123456789ab", connection_id="socket"),
            replace(DONE, request_id="two", first_item=4.0, total=4.5, course=Course(load=3.1, engine=0.8)),
            replace(DONE, request_id="three", status="error", code="busy", labels=labels._replace(engine="none")),
            replace(
                DONE,
                request_id="four",
                urgency="background",
                labels=labels._replace(type="stt", engine="echo", listener="kit"),
            ),
        ):
            recent.operation_finished(record)
        self.app = FastAPI()
        install_error_handlers(self.app)
        self.app.include_router(RecentRoutes(recent).router)

    async def get(self, **query: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get("/analytics/operations", params=query)


async def test_one_request_tells_where_its_time_went() -> None:
    answer = (await Server().get(request_id="two")).json()
    (row,) = answer["operations"]
    assert (answer["found"], row["request_id"], row["cause"], row["cause_seconds"]) == (1, "two", "load", 3.1)
    assert row["parts"] == [
        {"name": "load", "seconds": 3.1},
        {"name": "engine", "seconds": 0.8},
        {"name": "other", "seconds": 0.6},
    ]
    assert (row["ended"], row["engine"], row["voice"], row["listener"]) == (NOON, "tone", "low", None)
    assert (row["waited"], row["total"]) == (4.0, 4.5)


async def test_the_slowest_come_first_or_the_newest() -> None:
    slowest = (await Server().get()).json()["operations"]
    assert slowest[0]["request_id"] == "two"
    newest = (await Server().get(order="newest", limit=2)).json()
    assert [row["request_id"] for row in newest["operations"]] == ["four", "three"]
    assert newest["found"] == 4


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "error"}, ["three"]),
        ({"kind": "stt"}, ["four"]),
        ({"engine": "tone"}, ["two", "one"]),
        ({"key": "0123456789ab"}, ["one"]),
        ({"key": ""}, ["four", "three", "two"]),
        ({"listener": "kit"}, ["four"]),
        ({"cause": "load"}, ["two"]),
        ({"background": True}, ["four"]),
        ({"background": False}, ["three", "two", "one"]),
        ({"request_id": "none"}, []),
        ({"request_id": "two"}, ["two"]),
        ({"request_id": "socket"}, ["one"]),
    ],
)
async def test_only_what_is_wanted(query: dict[str, str], expected: list[str]) -> None:
    answer = (await Server().get(**query, order="newest")).json()
    assert [row["request_id"] for row in answer["operations"]] == expected


async def test_what_was_never_chosen_is_null() -> None:
    (row,) = (await Server().get(status="error")).json()["operations"]
    assert (row["engine"], row["code"], row["cause"]) == (None, "busy", "failed")


@pytest.mark.parametrize("query", [{"status": "slow"}, {"limit": 0}, {"limit": 201}, {"cause": "fate"}, {"kind": "x"}])
async def test_wrong_filters(query: dict[str, Any]) -> None:
    assert (await Server().get(**query)).status_code == 422
