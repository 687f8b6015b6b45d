"""/cache: statistics by tier and engine, and removals with their filters."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from routers.app import create_app
from stts.settings import CacheSettings, Settings
from tests.fakes import registry


@pytest.fixture
async def cached(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings.model_copy(update={"cache": CacheSettings(sentences=False)}), registry=registry())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def spoken(client: httpx.AsyncClient, text: str) -> str:
    answer = await client.post("/tts", json={"text": text, "engine": "tone"})
    assert answer.status_code == 200
    return str(answer.headers["x-cache"])


async def test_what_lies_where(cached: httpx.AsyncClient) -> None:
    for text in ("One.", "Two.", "Two."):
        await spoken(cached, text)
    found = (await cached.get("/cache")).json()
    memory = found["tiers"][0]
    assert found["enabled"] and [tier["tier"] for tier in found["tiers"]] == ["memory", "disk"]
    assert (memory["state"], memory["entries"], memory["hits"], memory["limit_bytes"]) == ("up", 2, 1, 64_000_000)
    (share,) = memory["shares"]
    assert (share["engine"], share["kind"], share["age"], share["entries"]) == ("tone", "answer", "hour", 2)
    assert share["bytes"] == memory["bytes"] > 2000


async def test_removals(cached: httpx.AsyncClient) -> None:
    assert await spoken(cached, "One.") == "MISS"
    refused = await cached.delete("/cache", params={"engine": "nobody"})
    assert (refused.status_code, "tone" in refused.text) == (422, True)
    assert await spoken(cached, "One.") == "HIT"
    assert (await cached.delete("/cache", params={"engine": "tone", "voice": "none"})).json() == {"removed": 0}
    assert (await cached.delete("/cache", params={"engine": "tone"})).json() == {"removed": 1}
    assert await spoken(cached, "One.") == "MISS"
    assert (await cached.delete("/cache")).json() == {"removed": 1}
    assert await spoken(cached, "One.") == "MISS"


async def test_voices_are_found_by_the_names_that_requests_give_them(cached: httpx.AsyncClient) -> None:
    for name in ("alloy", "ALLOY"):
        answer = await cached.post("/tts", json={"text": "One.", "engine": "tone", "voice": name})
        assert answer.headers["x-cache"] == "MISS" and answer.headers["x-voice"] != name
        assert (await cached.delete("/cache", params={"voice": name})).json() == {"removed": 1}
        assert (await cached.delete("/cache", params={"voice": name, "engine": "tone"})).json() == {"removed": 0}
