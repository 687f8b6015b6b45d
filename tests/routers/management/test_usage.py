"""Usage over HTTP: for administrators by any grouping, for everybody one's own; JSON and CSV; the forecast."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from middleware.edge.errors import install_error_handlers
from routers.management import usage, usage_schemas
from routers.management.usage import UsageRoutes
from stts.access.key_text import KeyText
from stts.access.principal import Principal, key_holder
from stts.analytics.usage import DAY
from stts.analytics.usage_writer import UsageWriter
from stts.settings import SecuritySettings, UsageSettings
from tests.fakes import registry
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.patient import PATIENCE
from tests.server import running
from tests.stts.access.keys import Clock, new_key
from tests.stts.analytics.usages import MemoryUsage, record

NOON = 20_000 * DAY + 43_200.0
"""2024-10-04."""


class Server:
    """The routes over a store in memory, for a caller with this principal."""

    def __init__(self, principal: Principal | None = None, *, keeps: bool = True) -> None:
        self.store, self.clock = MemoryUsage(), Clock(NOON)
        self.writer = UsageWriter(self.store.open, lambda: 400, clock=self.clock)
        self.app = FastAPI()
        install_error_handlers(self.app)
        self.app.include_router(UsageRoutes(self.store.open if keeps else None, self.clock).router)
        self.principal = principal

    async def used(self, *names: str, days_ago: int = 0, **values: Any) -> Server:
        self.clock.now = NOON - days_ago * DAY
        for name in names:
            self.writer.operation_finished(record(name, **values))
        await self.writer.write()
        self.clock.now = NOON
        return self

    async def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        async def as_caller(scope: Any, receive: Any, send: Any) -> None:
            state = {} if self.principal is None else {"principal": self.principal}
            await self.app({**scope, "state": state}, receive, send)

        transport = httpx.ASGITransport(as_caller)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path, params=query, headers=headers)


async def test_usage_by_key_and_day() -> None:
    server = await Server().used("laptop", "laptop", "desk")
    await server.used("laptop", days_ago=1, status="error", code="busy")
    await server.used("laptop", days_ago=40)
    answer = (await server.get("/analytics/usage", group="key,day")).json()
    assert (answer["first_day"], answer["last_day"]) == ("2024-09-04", "2024-10-04")
    rows = {(row["key"], row["day"]): row for row in answer["rows"]}
    assert {each: row["operations"] for each, row in rows.items()} == {
        ("desk", "2024-10-04"): 1,
        ("laptop", "2024-10-03"): 1,
        ("laptop", "2024-10-04"): 2,
    }
    assert rows["laptop", "2024-10-03"]["errors"] == 1
    today = rows["laptop", "2024-10-04"]
    assert today == {
        "key": "laptop",
        "day": "2024-10-04",
        "operations": 2,
        "errors": 0,
        "cancelled": 0,
        "characters": 18,
        "seconds_in": 0.0,
        "seconds_out": 5.0,
        "cache_hits": 0,
        "bytes": 16,
    }


async def test_answers_of_any_length_have_the_shape_that_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_schemas, "PART_ROWS", 3)
    server = Server()
    for rows in range(8):
        answer = await server.get("/analytics/usage", group="key,voice")
        assert answer.headers["content-type"] == "application/json"
        report = usage_schemas.UsageReport.model_validate(answer.json(), strict=True)
        assert [row.key for row in report.rows] == [f"key {each}" for each in range(rows)]
        table = list(csv.reader(io.StringIO((await server.get("/analytics/usage", group="key", format="csv")).text)))
        assert len(table) == rows + 1
        await server.used(f"key {rows}", voice='Ünï "low"')


@pytest.mark.parametrize("group", ["key", "user", "engine", "voice", "language", "kind", "day", "", "kind, day,kind"])
async def test_every_grouping_sums_up_to_the_same(group: str) -> None:
    server = await Server().used("laptop", "desk")
    await server.used("laptop", type="stt", engine="echo", voice="none", language="de")
    rows = (await server.get("/analytics/usage", group=group)).json()["rows"]
    assert sum(row["operations"] for row in rows) == 3
    assert all(set(row) >= {name.strip() for name in group.split(",") if name} for row in rows)


async def test_callers_without_a_key_are_null() -> None:
    server = Server()
    server.writer.operation_finished(record(None, user_id=None))
    await server.writer.write()
    (row,) = (await server.get("/analytics/usage", group="key,user")).json()["rows"]
    assert row["key"] is None and row["user"] is None


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"group": "secret"}, "group"),
        ({"group": "key;DROP TABLE usage"}, "group"),
        ({"window": "0"}, "window"),
        ({"format": "xml"}, "format"),
        ({"key": "k" * 65}, "key"),
    ],
)
async def test_what_nobody_can_ask_for(query: dict[str, Any], param: str) -> None:
    answer = await Server().get("/analytics/usage", **query)
    assert (answer.status_code, answer.json()["param"]) == (422, param)


async def test_rows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "MOST_ROWS", 2)
    server = await Server().used("a", "b")
    assert (await server.get("/analytics/usage", group="key")).status_code == 200
    await server.used("c")
    answer = await server.get("/analytics/usage", group="key")
    assert (answer.status_code, answer.json()["param"]) == (422, "window")


@pytest.mark.parametrize("asked", [{"format": "csv"}, {"headers": {"accept": "text/csv, */*;q=0.1"}}])
async def test_csv_that_no_spreadsheet_takes_for_formulas(asked: dict[str, Any]) -> None:
    voices = ["=1+1", "+1", "-1", "@SUM(A1)", 'a "quoted", name', "plain"]
    server = Server()
    for voice in voices:
        await server.used("laptop", voice=voice)
    answer = await server.get("/analytics/usage", group="voice,day", **asked)
    assert answer.headers["content-type"].startswith("text/csv")
    heading, *rows = csv.reader(io.StringIO(answer.text))
    assert heading[:3] == ["voice", "day", "operations"]
    assert {row[0] for row in rows} == {"'=1+1", "'+1", "'-1", "'@SUM(A1)", 'a "quoted", name', "plain"}
    assert all(row[1:3] == ["2024-10-04", "1"] for row in rows)


async def test_json_goes_before_what_accept_says() -> None:
    answer = await Server().get("/analytics/usage", headers={"accept": "text/csv"}, format="json")
    assert answer.json()["rows"] == []


@pytest.mark.parametrize("path", ["/analytics/usage", "/analytics/forecast", "/me/usage"])
async def test_where_usage_is_not_kept(path: str) -> None:
    answer = await Server(keeps=False).get(path)
    assert answer.status_code == 404 and "usage.enabled" in answer.json()["detail"]


async def test_my_usage_by_day_and_month() -> None:
    key = new_key(KeyText.new("laptop"))
    server = await Server(key_holder(key)).used(key.id, key.id)
    await server.used(key.id, days_ago=3)
    await server.used(key.id, days_ago=60)
    answer = (await server.get("/me/usage")).json()
    assert (answer["key_id"], answer["user_id"]) == (key.id, "anna")
    days = {each["period"]: each["operations"] for each in answer["key"]["days"]}
    assert days == {"2024-10-01": 1, "2024-10-04": 2}
    months = {each["period"]: each["characters"] for each in answer["user"]["months"]}
    assert months == {"2024-08": 9, "2024-10": 27}


async def test_callers_without_a_key_have_no_usage_of_their_own() -> None:
    answer = (await Server().get("/me/usage")).json()
    assert answer == {"key_id": None, "user_id": None, "key": None, "user": None}


async def test_a_forecast_of_too_little_history_says_so() -> None:
    server = await Server().used("laptop", days_ago=3)
    answer = (await server.get("/analytics/forecast")).json()
    assert "too little history" in answer["words"][0] and answer["profile"] == []
    assert answer["days"] < answer["days_needed"] == 28


async def test_a_forecast() -> None:
    server = Server()
    for day in range(8 * 7):
        await server.used("laptop", days_ago=day + 1, type="stt", audio_seconds=20.0)
    await server.used(*["laptop"] * 30, days_ago=10)
    answer = (await server.get("/analytics/forecast", measure="seconds_in", kind="stt")).json()
    assert answer["days"] == 55 and len(answer["profile"]) == 168 and len(answer["coming"]) == 24
    assert all(peak["hour"] == 12 and peak["usual"] == 20.0 for peak in answer["peaks"])
    assert answer["unusual"] == [] and "seconds heard" in answer["words"][1]
    everything = (await server.get("/analytics/forecast")).json()
    assert [each["day"] for each in everything["unusual"]] == ["2024-09-24"]
    assert "2024-09-24 brought more than usual: 31 operations" in everything["words"][-1]


async def test_a_forecast_looks_back_so_far() -> None:
    server = Server()
    for day in range(10 * 7):
        await server.used("laptop", days_ago=day + 1)
    assert (await server.get("/analytics/forecast", weeks=5)).json()["days"] == 35
    assert (await server.get("/analytics/forecast", weeks=3)).status_code == 422


def used(keyed: Keyed, key: str, operations: int) -> dict[str, Any]:
    """The usage of a key, once so many operations are in the database."""
    deadline = time.monotonic() + PATIENCE
    with keyed.client(key) as client:
        while True:
            answer: dict[str, Any] = client.get("/me/usage").json()
            if sum(each["operations"] for each in answer["key"]["days"]) >= operations:
                return answer
            assert time.monotonic() < deadline, answer
            time.sleep(0.05)


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with keyed_server(keyed_settings(tmp_path_factory.mktemp("usage"))) as keyed:
        yield keyed


@pytest.mark.socket
def test_a_colleague_sees_what_a_key_used_and_so_does_the_administrator(keyed: Keyed) -> None:
    made = keyed.key(role="write")
    with keyed.client(made["key"]) as client:
        for _ in range(3):
            assert client.post("/tts", json={"text": "Hello there."}).status_code == 200
    mine = used(keyed, made["key"], 3)
    (day,) = mine["key"]["days"]
    assert (day["operations"], day["characters"]) == (3, 36) and day["seconds_out"] > 0
    assert mine["user"] == mine["key"]
    answer = keyed.admin.get("/analytics/usage", params={"group": "user,engine,kind", "key": made["id"]}).json()
    (row,) = answer["rows"]
    assert (row["user"], row["engine"], row["kind"], row["operations"]) == (made["user_id"], "tone", "tts", 3)


@pytest.mark.socket
def test_a_write_key_sees_only_its_own(keyed: Keyed) -> None:
    with keyed.client(keyed.key(role="write")["key"]) as client:
        assert client.get("/analytics/usage").status_code == 403
        assert client.get("/analytics/forecast").status_code == 403
    with keyed.client(keyed.key(role="read")["key"]) as client:
        assert client.get("/me/usage").json()["key"] == {"days": [], "months": []}


@pytest.mark.socket
def test_a_stop_writes_what_waits_and_a_restart_still_knows_it(tmp_path: Path) -> None:
    settings = keyed_settings(tmp_path, security=SecuritySettings(), usage=UsageSettings(enabled=True))
    with running(settings, registry()) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        for _ in range(5):
            assert client.get("/tts", params={"text": "Hello"}).status_code == 200
    with running(settings, registry()) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        (row,) = client.get("/analytics/usage", params={"group": "kind,key"}).json()["rows"]
        summary = client.get("/analytics/summary", params={"window": "7d"}).json()
    assert (row["kind"], row["key"], row["operations"]) == ("tts", None, 5)
    assert summary["total"]["operations"] == 5 and summary["by_engine"]["tone"]["characters"] == 25


@pytest.mark.socket
def test_usage_that_is_off_opens_no_database(tmp_path: Path) -> None:
    settings = keyed_settings(tmp_path, security=SecuritySettings())
    with running(settings, registry()) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        assert client.get("/tts", params={"text": "Hello"}).status_code == 200
        assert "usage" not in server.tasks()
        assert client.get("/ready").json()["database"] == "unused"
    assert not (tmp_path / "stts.db").exists()
