"""Installing and removing the environment of an engine over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from routers.app import create_app
from stts.settings import EngineSettings, Settings, StorageSettings
from tests.adapters.execution.engines_under_test import registry
from tests.engines.environments.package_index import VOICE, index_variables, make_index
from tests.fakes import registry as fake_registry

PATH = "/engines/script/install"


def client(tmp_path: Path, **script: Any) -> httpx.AsyncClient:
    engines = EngineSettings(options={"script": script}, environments=str(tmp_path / "environments"))
    settings = Settings(engines=engines, storage=StorageSettings(root=str(tmp_path / "data")))
    transport = httpx.ASGITransport(create_app(settings, registry=registry()), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=None)


async def ended(api: httpx.AsyncClient, location: str) -> dict[str, Any]:
    """The last event of a job."""
    answer = await api.get(f"{location}/events")
    (*_, last) = [line for line in answer.text.splitlines() if line.startswith("data:")]
    found: dict[str, Any] = json.loads(last.removeprefix("data:"))
    return found


@pytest.mark.socket
async def test_an_engine_is_installed_used_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in index_variables(make_index(tmp_path / "index")).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("shutil.which", lambda program: None)
    async with client(tmp_path, place="worker", missing=True) as api:
        engine = (await api.get("/engines/script")).json()
        assert (engine["state"], engine["install"]) == ("not_installed", "stts engines install script")
        plan = (await api.get(PATH)).json()
        assert (plan["state"], plan["environment"], plan["folder"]) == ("absent", "script", None)
        assert plan["download_bytes"] > 1000 and VOICE in {each["name"] for each in plan["packages"]}
        answer = await api.post(PATH)
        assert answer.status_code == 202
        assert (await api.delete(PATH)).status_code == 409
        job = await ended(api, answer.headers["location"])
        assert (job["kind"], job["subject"], job["state"], job["error"]) == ("install", "script", "done", None)
        installed = (await api.get(PATH)).json()
        assert (
            installed["state"] == "ready" and {"name": VOICE, "version": "1.5", "bytes": None} in installed["packages"]
        )
        assert (await api.get("/engines/script")).json()["state"] == "cold"
        assert (await api.post("/engines/script/load")).json()["state"] == "ready"
        removed = (await api.delete(PATH)).json()
        assert (removed["state"], removed["packages"]) == ("absent", [])
        assert (await api.get("/engines/script")).json()["state"] == "not_installed"
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
        job = await ended(api, (await api.post(PATH)).headers["location"])
        assert (job["state"], job["error"]["code"]) == ("failed", "engine_install_failed")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_engines_without_an_environment_have_none(tmp_path: Path, method: str) -> None:
    transport = httpx.ASGITransport(create_app(Settings(), registry=fake_registry()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as api:
        for name in ("tone", "no_such_engine"):
            assert (await api.request(method, f"/engines/{name}/install")).status_code == 404
