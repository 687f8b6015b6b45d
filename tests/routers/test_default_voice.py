"""The voice of a server as it is installed: natural English, eSpeak for the rest, all equally loud, offline."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from importlib.machinery import ModuleSpec
from itertools import combinations
from pathlib import Path

import httpx
import numpy as np
import pytest
from structlog.testing import capture_logs

from middleware.listener import default_listener
from routers.app import build_app
from routers.dialects import DIALECTS
from routers.services import Services, build_services
from routers.startup import running
from stts.audio.level import active_level
from stts.settings import Settings, StorageSettings
from tests.audio import decoded
from tests.patient import PATIENCE

pytestmark = pytest.mark.socket

ENGLISH = "The old lighthouse keeper counted seventeen ships before breakfast."
GERMAN = "Guten Morgen, ich heiße Anna und wohne in einem kleinen Haus am See."
CHINESE = "你好，世界。今天天气很好。"


def client_of(services: Services) -> httpx.AsyncClient:
    app = build_app(services, default_listener(services.settings, tuple(DIALECTS)))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=PATIENCE)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The default settings."""
    services = build_services(Settings(storage=StorageSettings(root=str(tmp_path / "data"))))
    async with running(services), client_of(services) as client:
        yield client


@pytest.fixture
def without_hibari(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the package is not installed."""
    find_spec = importlib.util.find_spec

    def found(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name.partition(".")[0] == "hibari" else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", found)


async def test_who_speaks_what(client: httpx.AsyncClient) -> None:
    """One server, one load: languages, seeds, levels, hosted names and what cannot be read."""
    english, again = [await client.post("/tts", json={"text": ENGLISH}) for _ in range(2)]
    assert (english.headers["x-engine"], english.headers["x-voice"]) == ("hibari", "heart")
    assert english.headers["x-language"] == "en-US"
    assert np.array_equal(decoded(again.content)[0], decoded(english.content)[0]), "the same text is the same audio"

    for text, voice in ((GERMAN, "de"), (CHINESE, "cmn")):
        spoken = await client.post("/tts", json={"text": text})
        assert (spoken.headers["x-engine"], spoken.headers["x-voice"]) == ("espeak", voice)
    asked = await client.post("/tts", json={"text": ENGLISH, "language": "fr"})
    assert asked.headers["x-engine"] == "espeak"

    robot = await client.post("/tts", json={"text": ENGLISH, "engine": "espeak"})
    levels = []
    for answer in (english, robot):
        samples, rate = decoded(answer.content)
        level = active_level(samples, rate)
        assert level is not None and abs(samples).max() < 0.9
        levels.append(level)
    assert all(abs(one - other) < 1.5 for one, other in combinations([*levels, -20.0], 2))

    refused = await client.post("/tts", json={"text": CHINESE, "engine": "hibari"})
    assert refused.status_code == 422 and refused.json()["code"] == "invalid_text"
    assert "Han script" in refused.json()["detail"]

    for voice in ("alloy", "onyx"):
        hosted = await client.post("/v1/audio/speech", json={"model": "tts-1", "voice": voice, "input": ENGLISH})
        assert (hosted.status_code, hosted.headers["x-voice"]) == (200, "heart"), hosted.text
    assert (await client.get("/ready")).json()["missing"].get("hibari") is None


async def test_without_its_package_espeak_speaks_and_the_server_says_why(tmp_path: Path, without_hibari: None) -> None:
    with capture_logs() as logs:
        services = build_services(Settings(storage=StorageSettings(root=str(tmp_path / "data"))))
        async with running(services), client_of(services) as client:
            async with asyncio.timeout(PATIENCE):
                while not (ready := await client.get("/ready")).is_success:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0)
            spoken = await client.post("/tts", json={"text": ENGLISH})
    assert spoken.headers["x-engine"] == "espeak"
    assert ready.json()["missing"]["hibari"] == "pip install hibari-tts==0.2.1"
    assert [line["install"] for line in logs if line["event"] == "engine_missing" and line["engine"] == "hibari"] == [
        "pip install hibari-tts==0.2.1"
    ]
