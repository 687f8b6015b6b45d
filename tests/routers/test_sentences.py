"""Texts of all routes share their sentences."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from routers.app import create_app
from stts.settings import Settings
from tests.adapters.speech.counting_engine import CALLS, registry
from tests.patience import PATIENCE


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    CALLS.clear()
    settings = Settings.model_validate(
        {"tts": {"order": ["counting"], "detect_language": False}, "cache": {"disk_bytes": 0}}
    )
    transport = httpx.ASGITransport(create_app(settings, registry=registry()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=PATIENCE) as client:
        yield client


def asked() -> list[str]:
    texts = [text for _, text in CALLS]
    CALLS.clear()
    return texts


async def test_another_route_and_format_speaks_only_what_is_new(client: httpx.AsyncClient) -> None:
    first = await client.post("/tts", json={"text": "One thing is known. Another is not."})
    assert first.status_code == 200, first.text
    assert asked() == ["One thing is known.", "Another is not."]
    asking = {"model": "tts-1", "voice": "anna", "input": "Here is more. Another is not.", "response_format": "mp3"}
    second = await client.post("/v1/audio/speech", json=asking)
    assert second.status_code == 200, second.text
    assert asked() == ["Here is more."]
    assert second.headers["x-cache"] == "MISS", "the answer is another"


async def test_no_store_has_all_of_it_spoken(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await client.post("/tts", json={"text": "One thing."}, headers={"cache-control": "no-store"})
        assert answer.status_code == 200, answer.text
    assert asked() == ["One thing."] * 2
    await client.post("/tts", json={"text": "One thing. And more."})
    assert asked() == ["One thing.", "And more."]
