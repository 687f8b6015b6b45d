"""Models over HTTP: listed, fetched by jobs, told of, and removed."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from routers.app import create_app
from stts.settings import ModelSettings, Settings, StorageSettings, STTSettings, TTSSettings
from tests.engines.models import index_server
from tests.engines.models.index_server import WEIGHTS, Index, model
from tests.fakes import registry

pytestmark = pytest.mark.socket


@pytest.fixture
def index() -> Iterator[Index]:
    with index_server.running(Index()) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "models"


@pytest.fixture
async def client(index: Index, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        tts=TTSSettings(order=("tone",)),
        stt=STTSettings(order=("echo",)),
        storage=StorageSettings(root=str(folder.parent / "data")),
        models=ModelSettings(folder=str(folder), index_url=index.simple),
    )
    engines = registry()
    engines.known_models = {"small": model(notes="Ask first.", languages=["en"]), "other": model("other")}
    transport = httpx.ASGITransport(create_app(settings, registry=engines), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def pulled(client: httpx.AsyncClient, name: str = "small") -> dict[str, Any]:
    """The last state of a pull."""
    answer = await client.post("/models/pull", json={"model": name})
    assert answer.status_code == 202, answer.text
    events = await client.get(f"{answer.headers['location']}/events")
    assert events.headers["content-type"] == "text/event-stream"
    last: dict[str, Any] = json.loads(events.text.strip().rsplit("data: ", 1)[1])
    return last


async def test_a_model_is_fetched_told_of_and_removed(client: httpx.AsyncClient, folder: Path) -> None:
    before = {each["id"]: each for each in (await client.get("/models")).json()}
    assert before["small"] == {
        "id": "small",
        "name": "Small",
        "engine": "echo",
        "kind": "stt",
        "languages": ["en"],
        "licence": "MIT",
        "bytes": model().bytes,
        "present": False,
        "where": None,
        "removable": False,
        "job": None,
    }
    job = await pulled(client)
    assert (job["kind"], job["subject"], job["state"], job["error"]) == ("pull", "small", "done", None)
    assert (await client.get(f"/jobs/{job['id']}")).json() == job
    assert [each["id"] for each in (await client.get("/jobs")).json()] == [job["id"]]
    after = (await client.get("/models/small")).json()
    assert (after["present"], after["where"], after["removable"]) == (True, "fetched", True)
    assert (folder / "small" / "model.bin").read_bytes() == WEIGHTS
    card = (await client.get("/model_card/small")).json()
    assert (card["notes"], card["sources"]) == ("Ask first.", ["Small.Model 1.0"])
    assert card["files"][0] == {"path": "model.bin", "bytes": len(WEIGHTS), "sha256": index_server.sha(WEIGHTS)}
    assert not (await client.delete("/models/small")).json()["present"]
    assert not (folder / "small").exists()


async def test_two_pulls_of_one_model_are_one_job(client: httpx.AsyncClient, index: Index) -> None:
    index.hold = threading.Event()
    first, second = [(await client.post("/models/pull", json={"model": "small"})).json() for _ in range(2)]
    assert first["id"] == second["id"]
    assert (await client.get("/models/small")).json()["job"] == first["id"]
    refused = await client.delete("/models/small")
    assert (refused.status_code, refused.json()["detail"]) == (409, "small is being fetched; cancel that first.")
    index.hold.set()
    assert (await pulled(client))["state"] == "done"
    assert len(index.asked) == 2


async def test_a_pull_is_cancelled_and_goes_on_later(client: httpx.AsyncClient, index: Index, folder: Path) -> None:
    index.hold = threading.Event()
    job = (await client.post("/models/pull", json={"model": "small"})).json()
    assert await asyncio.to_thread(index.reached.wait, 60)
    assert (await client.delete(f"/jobs/{job['id']}")).json()["state"] == "cancelled"
    assert not (folder / "small").exists()
    index.hold.set()
    assert (await pulled(client))["state"] == "done"


async def test_what_a_broken_pull_left_is_removed(client: httpx.AsyncClient, index: Index, folder: Path) -> None:
    index.hold = threading.Event()
    job = (await client.post("/models/pull", json={"model": "small"})).json()
    assert await asyncio.to_thread(index.reached.wait, 60)
    assert (await client.delete(f"/jobs/{job['id']}")).json()["state"] == "cancelled"
    left = (await client.get("/models/small")).json()
    assert (left["present"], left["removable"]) == (False, True)
    removed = await client.delete("/models/small")
    assert (removed.status_code, removed.json()["removable"]) == (200, False)
    assert not (folder / ".partial" / "small").exists()
    assert (await client.delete("/models/small")).status_code == 409


async def test_what_goes_wrong_is_told_by_the_job(client: httpx.AsyncClient, index: Index) -> None:
    index.lied_digest = "0" * 64
    job = await pulled(client)
    assert (job["state"], job["error"]["code"]) == ("failed", "model_fetch_failed")
    assert job["error"]["detail"].startswith("small could not be fetched. Small.Model 1.0: what it has is another file")


async def test_what_is_not_there_is_404(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.get("/models/large"),
        await client.get("/model_card/large"),
        await client.delete("/models/large"),
        await client.post("/models/pull", json={"model": "large"}),
        await client.get("/jobs/none"),
        await client.get("/jobs/none/events"),
        await client.delete("/jobs/none"),
    ):
        assert answer.status_code == 404, answer.request.url
    assert (await client.post("/models/pull", json={})).status_code == 422


async def test_a_model_in_use_or_of_others_is_not_removed(client: httpx.AsyncClient) -> None:
    refused = await client.delete("/models/small")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "not fetched by this server" in refused.json()["detail"]
    await pulled(client)
    await client.post("/engines/echo/load")
    used = await client.delete("/models/small")
    assert (used.status_code, used.json()["detail"]) == (409, "small may be in use: unload echo first.")
    await client.post("/engines/echo/unload")
    assert (await client.delete("/models/small")).status_code == 200
