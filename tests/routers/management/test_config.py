from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from fastapi import FastAPI

from adapters.configuration.adapter import ConfigAdapter
from adapters.configuration.checks import operator_check
from adapters.configuration.keys import MASK, key_tree, keys_below
from adapters.configuration.overrides import OVERRIDES
from engines.registry import Registry
from middleware.edge.errors import install_error_handlers
from routers.management.config import ConfigRoutes
from stts.settings import Settings

KEYS = {key.name: key for key in keys_below(key_tree(Settings))}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ConfigAdapter:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.yaml"
    path.write_text("limits:\n  queue_length: 5  # few\n")
    environ = {"STTS_SECURITY__API_KEY": "hunter2", "STTS_LIMITS__JSON_BYTES": "5000"}
    return ConfigAdapter.load(path, environ, None, operator_check(Registry()))


@pytest.fixture
async def client(config: ConfigAdapter) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    install_error_handlers(app)
    app.include_router(ConfigRoutes(config).router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
        yield client


async def test_every_value_with_its_source(client: httpx.AsyncClient) -> None:
    answer = await client.get("/config")
    settings = answer.json()["settings"]
    assert set(settings) == {name for name in KEYS if "*" not in name}, "of instances only those there are"
    assert settings["limits.queue_length"] == {
        "value": 5,
        "source": "file",
        "live": True,
        "protected": False,
        "waiting": False,
    }
    assert settings["security.api_key"]["value"] == MASK
    assert settings["security.api_key"]["source"] == "environment"
    assert "hunter2" not in answer.text


async def test_the_schema(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/config/schema")).json()
    assert schema["$defs"]["LimitSettings"]["properties"]["queue_length"]["default"] == 64


async def test_validating_a_change(client: httpx.AsyncClient, config: ConfigAdapter) -> None:
    good = await client.post("/config/validate", json={"limits.queue_length": 6, "limits.decoders": 9})
    assert good.json() | {"valid": True, "live": ["limits.queue_length"], "restart": ["limits.decoders"]} == good.json()
    bad = await client.post("/config/validate", json={"limits.queue_length": "hunter2"})
    assert bad.status_code == 200
    assert (bad.json()["valid"], bad.json()["param"]) == (False, "limits.queue_length")
    forbidden = await client.post("/config/validate", json={"server.port": 1})
    assert (forbidden.json()["valid"], forbidden.json()["param"]) == (False, "server.port")
    unknown = await client.post("/config/validate", json={"limits.hunter2": 1})
    assert "queue_length" in unknown.json()["allowed"]
    engine = await client.post("/config/validate", json={"tts.order": ["espeak", "silero"]})
    assert (engine.json()["valid"], engine.json()["param"]) == (False, "tts.order")
    assert "espeak" in engine.json()["allowed"] and "silero" not in engine.json()["allowed"]
    assert "hunter2" not in bad.text + unknown.text
    assert config.current().limits.queue_length == 5


async def test_a_change(client: httpx.AsyncClient, config: ConfigAdapter, tmp_path: Path) -> None:
    answer = await client.patch("/config", json={"limits": {"queue_length": 6, "json_bytes": 9000, "decoders": 9}})
    assert answer.json() == {
        "live": ["limits.queue_length"],
        "restart": ["limits.decoders"],
        "overridden": ["limits.json_bytes"],
    }
    assert config.current().limits.queue_length == 6
    text = (tmp_path / "data" / OVERRIDES).read_text()
    assert yaml.safe_load(text) == {"limits": {"queue_length": 6, "json_bytes": 9000, "decoders": 9}}
    shown = (await client.get("/config")).json()["settings"]
    assert (shown["limits.queue_length"]["source"], shown["limits.json_bytes"]["source"]) == ("runtime", "environment")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"limits.queue_length": "hunter2"}, 422, "invalid_configuration"),
        ({"hunter2": {}}, 422, "invalid_configuration"),
        (
            {"stt.vad": "hunter2", "tts.order": ["hunter2"], "engines.preload": ["hunter2"]},
            422,
            "invalid_configuration",
        ),
        ({"security": {"api_key": "hunter2"}}, 403, "forbidden"),
        ({"engines.options.whisper.model": "hunter2"}, 403, "forbidden"),
        (["hunter2"], 422, "invalid_request"),
    ],
)
async def test_a_change_that_is_refused(client: httpx.AsyncClient, body: Any, status: int, code: str) -> None:
    answer = await client.patch("/config", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("body", [b"{", b'{"limits.call_seconds": NaN}', b'{"tts.voices": {"a": "\\ud800"}}', b"\xff"])
async def test_bodies_that_are_no_json(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.patch("/config", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"]


async def test_reloading(client: httpx.AsyncClient, config: ConfigAdapter, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("limits: {queue_length: 7}")
    assert (await client.post("/config/reload")).json()["live"] == ["limits.queue_length"]
    assert config.current().limits.queue_length == 7
    path.write_text("limits: {queue_length: 0}")
    answer = await client.post("/config/reload")
    assert answer.status_code == 422
    assert "config.yaml, line 1: limits.queue_length = 0" in answer.json()["detail"]
    assert config.current().limits.queue_length == 7
