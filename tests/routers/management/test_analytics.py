from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from middleware.edge.errors import install_error_handlers
from routers.management import analytics
from routers.management.analytics import AnalyticsRoutes, seconds
from stts.analytics.history import History
from stts.analytics.metrics import Metrics
from stts.analytics.resources import Resources
from tests import patient
from tests.patient import PATIENCE
from tests.serving import serving
from tests.stts.analytics.test_history import DONE, NOON, Clock

LABELS = DONE.labels


class Server:
    def __init__(self, minutes: int = 60) -> None:
        self.clock = Clock()
        self.history = History(minutes, self.clock)
        self.metrics = Metrics()
        self.draining = False
        self.app = FastAPI()
        install_error_handlers(self.app)
        routes = AnalyticsRoutes(self.history, self.metrics, Resources(), draining=lambda: self.draining)
        self.app.include_router(routes.router)

    def busy(self) -> Server:
        """Three voices in two minutes, one error, one client that left, some listening."""
        finished = self.history.operation_finished
        finished(DONE)
        finished(replace(DONE, labels=LABELS._replace(voice="high", format="mp3")))
        self.clock.now += 60
        finished(DONE)
        finished(replace(DONE, labels=LABELS._replace(engine="other", language="de"), status="cancelled"))
        finished(replace(DONE, status="error", code="busy", first_item=None))
        finished(replace(DONE, labels=LABELS._replace(type="stt", engine="echo", voice="none", format="srt")))
        return self

    async def get(self, path: str, **query: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path, params=query)


async def test_summary() -> None:
    answer = (await Server().busy().get("/analytics/summary")).json()
    total = answer["total"]
    assert (total["operations"], total["completed"], total["cancelled"], total["errors"]) == (6, 4, 1, 1)
    assert total["error_codes"] == {"busy": 1}
    assert (total["audio_seconds"], total["characters"], total["bytes"]) == (12.0, 54, 48)
    assert (total["queue"]["count"], total["first_item"]["count"]) == (6, 5)
    assert total["total"]["p50"] == pytest.approx(1.0, rel=0.1)
    assert {kind: part["operations"] for kind, part in answer["by_type"].items()} == {"stt": 1, "tts": 5}
    assert {name: part["operations"] for name, part in answer["by_engine"].items()} == {
        "echo": 1,
        "other": 1,
        "tone": 4,
    }
    assert {name: part["operations"] for name, part in answer["by_language"].items()} == {"de": 1, "en": 5}
    assert answer["resources"]["memory"] > 0
    assert answer["resources"]["gpus"] is None
    assert (answer["window_seconds"], answer["since"]) == (3600, NOON)


async def test_a_summary_of_nothing() -> None:
    answer = (await Server().get("/analytics/summary")).json()
    assert answer["total"]["operations"] == 0
    assert answer["total"]["queue"] == {"count": 0, "p50": None, "p90": None, "p99": None}
    assert answer["by_engine"] == {}


async def test_a_shorter_window_sees_less() -> None:
    server = Server().busy()
    assert (await server.get("/analytics/summary", window="60")).json()["total"]["operations"] == 4


async def test_a_window_ends_with_the_history() -> None:
    answer = (await Server(minutes=5).get("/analytics/summary", window="30d")).json()
    assert answer["window_seconds"] == 300


@pytest.mark.parametrize("path", ["summary", "timeseries", "voices", "formats"])
@pytest.mark.parametrize("window", ["", "0", "-1", "1.5h", "1y", "h", "1h2", "999999999", " 1h", "٣"])
async def test_a_window_that_is_none(path: str, window: str) -> None:
    answer = await Server().get(f"/analytics/{path}", window=window)
    assert (answer.status_code, answer.json()["param"]) == (422, "window")


@pytest.mark.parametrize(("written", "meant"), [("90", 90), ("90s", 90), ("15m", 900), ("1h", 3600), ("7d", 604_800)])
def test_durations(written: str, meant: int) -> None:
    assert seconds(written) == meant


async def test_timeseries_has_no_gaps() -> None:
    server = Server().busy()
    server.clock.now += 120
    answer = (await server.get("/analytics/timeseries", window="5m")).json()
    assert [point["start"] - NOON for point in answer["points"]] == [-60, 0, 60, 120, 180]
    assert [point["operations"]["operations"] for point in answer["points"]] == [0, 2, 4, 0, 0]


async def test_timeseries_in_longer_steps() -> None:
    answer = (await Server().busy().get("/analytics/timeseries", window="4m", step="90s")).json()
    assert answer["step_seconds"] == 120
    assert [point["operations"]["operations"] for point in answer["points"]] == [0, 6]


async def test_timeseries_with_too_many_points() -> None:
    answer = await Server(minutes=43_200).get("/analytics/timeseries", window="30d", step="1m")
    assert (answer.status_code, answer.json()["param"]) == (422, "step")


async def test_voices_the_most_used_first() -> None:
    answer = (await Server().busy().get("/analytics/voices")).json()
    used = [(each["engine"], each["voice"], each["operations"]["operations"]) for each in answer["voices"]]
    assert used == [("tone", "low", 3), ("tone", "high", 1), ("other", "low", 1)]


async def test_formats_the_most_used_first() -> None:
    answer = (await Server().busy().get("/analytics/formats")).json()
    used = [(each["type"], each["format"], each["operations"]["operations"]) for each in answer["formats"]]
    assert used == [("tts", "wav", 4), ("tts", "mp3", 1), ("stt", "srt", 1)]


async def test_the_page_for_prometheus() -> None:
    server = Server()
    server.metrics.operation_finished(DONE)
    answer = await server.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'stts_audio_seconds_total{engine="tone",type="tts"} 2.0' in answer.text


async def test_live_ends_after_the_snapshots_asked_for() -> None:
    answer = await Server().busy().get("/analytics/live", interval=0.1, count=2)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.text.strip().split("\n\n")
    assert [event.split("\n")[0] for event in events] == ["event: snapshot"] * 2
    assert json.loads(events[0].split("data: ")[1])["last_minutes"]["operations"] == 6


@pytest.mark.parametrize("query", [{"interval": 0}, {"interval": 61}, {"interval": "nan"}, {"count": 0}])
async def test_live_with_wrong_numbers(query: dict[str, Any]) -> None:
    assert (await Server().get("/analytics/live", **query)).status_code == 422


@asynccontextmanager
async def listening(client: httpx.AsyncClient, address: str) -> AsyncIterator[AsyncIterator[str]]:
    """A live stream whose first snapshot has come."""
    async with client.stream("GET", address, params={"interval": 60}) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "event: snapshot"
        yield lines


@pytest.mark.socket
async def test_live_has_room_for_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analytics, "MOST_LIVE_CLIENTS", 1)
    async with serving(Server().app) as port, patient.AsyncClient() as client:
        address = f"http://127.0.0.1:{port}/analytics/live"
        async with listening(client, address):
            refused = await client.get(address)
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert "retry-after" in refused.headers


@pytest.mark.socket
async def test_a_client_that_leaves_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analytics, "MOST_LIVE_CLIENTS", 1)
    async with serving(Server().app) as port, patient.AsyncClient() as client:
        address = f"http://127.0.0.1:{port}/analytics/live"
        for _ in range(3):
            async with asyncio.timeout(PATIENCE), listening(client, address):
                pass
            while (await client.get(address, params={"count": 1})).status_code == 503:
                pass


@pytest.mark.socket
async def test_live_ends_when_the_server_drains() -> None:
    server = Server()
    async with (
        asyncio.timeout(PATIENCE),
        serving(server.app) as port,
        patient.AsyncClient() as client,
        listening(client, f"http://127.0.0.1:{port}/analytics/live") as lines,
    ):
        server.draining = True
        assert [line async for line in lines][-1] == ""


async def test_every_answer_is_described() -> None:
    document = Server().app.openapi()
    for path in ("summary", "timeseries", "voices", "formats"):
        [answer] = document["paths"][f"/analytics/{path}"]["get"]["responses"]["200"]["content"].values()
        assert answer["schema"]["$ref"]
    for name, schema in document["components"]["schemas"].items():
        if name in ("Summary", "Operations", "Latency", "ResourceUsage", "Window", "Timeseries"):
            assert all("description" in member for member in schema["properties"].values()), name
