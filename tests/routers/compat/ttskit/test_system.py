"""The service itself, as TTSKit tells of it: health, state, measures, settings and the cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from middleware.listener import default_listener
from routers.app import build_app
from routers.services import Services, build_services
from stts import __version__
from stts.settings import (
    CacheSettings,
    QuotaSettings,
    SecuritySettings,
    Settings,
    StorageSettings,
    STTSettings,
    TTSSettings,
)
from tests.fakes import registry

API = "/api/v1"


async def told(client: httpx.AsyncClient, path: str) -> dict[str, object]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_health_and_root_are_told_to_everybody(client: httpx.AsyncClient) -> None:
    health = await told(client, "/health")
    assert health.keys() == {"status", "engines", "uptime", "version"}
    assert (health["status"], health["version"]) == ("healthy", __version__)
    assert isinstance(health["engines"], int) and health["engines"] >= 1
    assert isinstance(health["uptime"], float) and health["uptime"] >= 0
    assert (await told(client, "/"))["api"] == API
    assert (await told(client, f"{API}/health"))["status"] == "healthy"


async def test_the_state_of_the_parts(client: httpx.AsyncClient) -> None:
    status = await told(client, f"{API}/status")
    assert status["overall_status"] == "healthy"
    assert status["components"] == {"engines": True, "database": True, "redis": True, "cache": True}
    details = status["details"]
    assert isinstance(details, dict) and details["engines"]["tone"]["available"] is True


async def test_lists(client: httpx.AsyncClient) -> None:
    assert await told(client, f"{API}/formats") == {"formats": ["ogg", "mp3", "wav"]}
    languages = (await told(client, f"{API}/languages"))["languages"]
    assert isinstance(languages, list) and "en" in languages and not any("-" in each for each in languages)
    version = await told(client, f"{API}/version")
    assert (version["version"], version["status"]) == (__version__, "running")
    info = await told(client, f"{API}/info")
    assert isinstance(info["engines"], list) and "tone" in info["engines"] and info["python_version"]
    assert (await told(client, f"{API}/documentation"))["name"] == "TTSKit API"


async def test_measures_count_what_was_spoken(client: httpx.AsyncClient) -> None:
    for text in ("Hello", "Hello", "explode"):
        await client.post(f"{API}/synth", json={"text": text})
    measured = await told(client, f"{API}/metrics")
    statistics, system = measured["tts_stats"], measured["system_metrics"]
    assert isinstance(statistics, dict) and isinstance(system, dict)
    assert (statistics["total_synthesis"], statistics["successful_synthesis"], statistics["failed_synthesis"]) == (
        3,
        2,
        1,
    )
    assert statistics["average_duration"] > 0.1
    assert system.keys() == {"cpu_percent", "memory_percent", "disk_percent", "process_count", "uptime"}


async def test_the_cache_is_told_and_cleared(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        await client.post(f"{API}/synth", json={"text": "Hello"})
    kept = await told(client, f"{API}/cache/stats")
    assert (kept["enabled"], kept["hits"], kept["misses"], kept["hit_rate"]) == (True, 2, 1, 0.6667)
    assert isinstance(kept["size"], int) and kept["size"] > 100 and kept["entries"]
    assert await told(client, f"{API}/cache/enabled") == {"enabled": True}
    cleared = await client.post(f"{API}/cache/clear")
    assert cleared.json() == {"message": "Cache cleared successfully"}
    assert (await told(client, f"{API}/cache/stats"))["entries"] == 0


def secret_services(folder: Path) -> Services:
    settings = Settings(
        tts=TTSSettings(order=("tone",)),
        stt=STTSettings(order=("echo",)),
        storage=StorageSettings(root=str(folder)),
        security=SecuritySettings(api_key=SecretStr("sesame")),
        cache=CacheSettings(enabled=False, redis_url=SecretStr("redis://:password@127.0.0.1:1")),
        quotas=QuotaSettings(address={"requests_per_minute": 3}),
    )
    return build_services(settings, registry=registry())


@pytest.fixture
async def guarded(tmp_path: Path) -> httpx.AsyncClient:
    services = secret_services(tmp_path)
    app = build_app(services, replace(default_listener(services.settings, ("ttskit",)), name="kit"))
    # A client of another machine, whose address counts for limits.
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 123))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


async def test_a_key_is_wanted_but_for_health(guarded: httpx.AsyncClient) -> None:
    async with guarded as client:
        assert (await client.get("/health")).status_code == 200
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            refused = await client.get(f"{API}/engines", headers=headers)
            assert (refused.status_code, refused.json()["error_type"]) == (401, "authentication_error")
            assert refused.headers["www-authenticate"] == "Bearer"


async def test_secrets_of_the_settings_are_masked(guarded: httpx.AsyncClient) -> None:
    async with guarded as client:
        answer = await client.get(f"{API}/config", headers={"Authorization": "Bearer sesame"})
    found = answer.json()
    assert (found["api_key"], found["redis_url"], found["enable_auth"]) == ("***", "***", True)
    assert (found["cache_enabled"], found["cache_ttl"], found["default_lang"]) == (False, 604_800, "en")
    assert "sesame" not in answer.text and "password" not in answer.text


async def test_the_rate_limit_is_told_and_kept(guarded: httpx.AsyncClient) -> None:
    headers = {"Authorization": "Bearer sesame"}
    async with guarded as client:
        left = [(await client.get(f"{API}/rate-limit", headers=headers)).json() for _ in range(3)]
        assert [each["remaining_requests"] for each in left] == [2, 1, 0]
        assert left[0] | {"user_id": ""} == {
            "user_id": "",
            "rate_limited": False,
            "message": "2 requests remaining in this window.",
            "remaining_requests": 2,
            "limit": 3,
            "reset_time": None,
        }
        assert left[2]["rate_limited"] and left[2]["reset_time"] > 0
        refused = await client.post(f"{API}/synth", json={"text": "Hello"}, headers=headers)
    assert (refused.status_code, refused.json()["error_type"]) == (429, "rate_limit_error")
    assert int(refused.headers["retry-after"]) >= 1


async def test_who_has_no_limit_is_told_so(client: httpx.AsyncClient) -> None:
    assert (await told(client, f"{API}/rate-limit"))["remaining_requests"] is None
