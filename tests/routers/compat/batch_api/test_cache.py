"""The cache of the TTS Batch API: found by that system's own keys, and taken over from its Redis."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from middleware.listener import OutputDefaults, default_listener
from routers.app import build_app
from routers.services import Services, build_services
from stts.settings import CacheSettings, Settings
from tests.fakes import registry
from tests.patience import PATIENCE
from tests.redis import running_redis
from tests.repeating import memory_of, read_whole
from tests.routers.compat.batch_api.conftest import HEADERS, client_of

TEXT = "Hello world, this is a test."
OLD = b"\x10\x00\x20\x00" * 5_000


def old_key(voice: str) -> str:
    return hashlib.sha256(f"{voice}:{TEXT}".encode()).hexdigest()


async def speak(client: httpx.AsyncClient, **more: object) -> httpx.Response:
    answer = await client.post("/synthesizeSpeech", headers=HEADERS, json={"text": TEXT, **more})
    assert answer.status_code == 200, answer.text
    return answer


@pytest.fixture
async def operator(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the management of the same server."""
    app = build_app(services, default_listener(services.settings, ("management",)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        yield client


async def test_an_answer_is_found_by_the_old_key(client: httpx.AsyncClient, operator: httpx.AsyncClient) -> None:
    assert (await operator.get(f"/cache/{old_key('default')}")).status_code == 404
    answer = await speak(client)
    found = (await operator.get(f"/cache/{old_key('default')}")).json()
    assert (found["kind"], found["engine"], found["bytes"]) == ("answer", "tone", len(answer.content))
    assert found["expires"] - found["created"] == 168 * 3600
    assert found["key"] != old_key("default")
    assert (await operator.get(f"/cache/{found['key']}")).json() == found
    await speak(client, model="high")
    assert (await operator.get(f"/cache/{old_key('high')}")).json()["voices"] == ["high"]


async def test_of_another_rate_there_is_no_alias(client: httpx.AsyncClient, operator: httpx.AsyncClient) -> None:
    await speak(client, sample_rate=16_000)
    assert (await operator.get(f"/cache/{old_key('default')}")).status_code == 404


async def test_what_is_removed_has_no_alias_any_more(client: httpx.AsyncClient, operator: httpx.AsyncClient) -> None:
    await speak(client)
    assert (await operator.delete("/cache?engine=tone")).json()["removed"] >= 2
    assert (await operator.get(f"/cache/{old_key('default')}")).status_code == 404
    assert (await operator.get("/cache/none")).status_code == 422


async def test_requests_that_come_again_are_answered_without_being_routed(services: Services) -> None:
    async with client_of(services, wrap=read_whole) as client:
        answers = [await speak(client) for _ in range(5)]
        assert memory_of(services).answered >= 1
        assert len({answer.content for answer in answers}) == 1
        assert {answer.headers["content-type"] for answer in answers} == {"audio/x-raw"}
        refused = await client.post("/synthesizeSpeech", headers={"user-token": "wrong"}, json={"text": TEXT})
        assert refused.status_code == 403


@pytest.mark.socket
@pytest.mark.parametrize("kept", [OLD, zlib.compress(OLD)])
async def test_what_the_old_system_left_in_redis_is_answered_as_it_is(
    settings: Settings, kept: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A machine under load takes longer than the short time in which Redis counts as away.
    monkeypatch.setattr("stts.cache.redis_link.CALL_SECONDS", PATIENCE)
    with running_redis() as server:
        cache = CacheSettings.model_validate({"redis_url": server.url})
        services = build_services(settings.model_copy(update={"cache": cache}), registry=registry())
        redis = services.cache._tiers[-1]._link.client  # type: ignore[attr-defined]
        await redis.set(f"tts:{old_key('en_US-kathleen-low')}", kept)
        async with client_of(services, OutputDefaults("pcm", voice="en_US-kathleen-low")) as client:
            first, second = await speak(client), await speak(client)
        assert (first.content, first.headers["x-cache"]) == (OLD, "HIT") and second.content == OLD
        # It has become one of ours, so it is there without the old entry too.
        await services.cache.written()
        await redis.delete(f"tts:{old_key('en_US-kathleen-low')}")
        assert await redis.exists(f"stts:cache:{old_key('en_US-kathleen-low')}")
        async with client_of(services, OutputDefaults("pcm", voice="high")) as client:
            assert (await speak(client)).content != OLD
        await services.engines.close()
        await services.cache.close()


@pytest.mark.socket
async def test_a_redis_that_is_away_costs_no_answer(settings: Settings) -> None:
    with running_redis() as server:
        url = server.url
    cache = CacheSettings.model_validate({"redis_url": url})
    services = build_services(settings.model_copy(update={"cache": cache}), registry=registry())
    async with client_of(services) as client:
        answers = [await speak(client), await speak(client)]
    assert [answer.headers["x-cache"] for answer in answers] == ["MISS", "HIT"]
    await services.engines.close()
    await services.cache.close()
