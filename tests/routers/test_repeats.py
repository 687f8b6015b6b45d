"""Requests that come again, byte for byte: answered without being routed, and never with what has changed meanwhile."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from adapters.configuration.adapter import ConfigAdapter
from adapters.configuration.checks import operator_check
from adapters.selection import EngineSelection
from middleware.listener import ListenerRates
from routers.services import Services, build_services
from stts.errors import UnknownEngine
from stts.settings import SecuritySettings
from tests.audio import encoded, tone
from tests.fakes import registry
from tests.repeating import SPOKEN, connected, memory_of, remembered


@pytest.fixture
def config(tmp_path: Path) -> ConfigAdapter:
    path = tmp_path / "config.yaml"
    values = {
        "tts": {"order": ["tone"], "first_chunk_seconds": 10.0},
        "stt": {"order": ["echo"]},
        "storage": {"root": str(tmp_path / "data")},
        "cache": {"enabled": True},
        "engines": {"options": {"tone": {"fail_on": "explode"}}},
    }
    path.write_text(json.dumps(values))
    return ConfigAdapter.load(path, {}, None, operator_check(registry()))


@pytest.fixture
async def services(config: ConfigAdapter) -> AsyncIterator[Services]:
    services = build_services(config.current(), config=config, registry=registry())
    yield services
    await services.engines.close()


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with connected(services) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "wishes"),
    [
        ("GET", "/tts", {"params": SPOKEN}),
        ("POST", "/tts", {"json": SPOKEN}),
        ("POST", "/tts", {"json": {**SPOKEN, "stream": True, "format": "pcm"}}),
        ("POST", "/v1/audio/speech", {"json": {"model": "tone", "input": "Good evening.", "voice": "low"}}),
    ],
)
async def test_the_third_time_is_answered_as_the_second(
    client: httpx.AsyncClient, services: Services, method: str, path: str, wishes: dict[str, Any]
) -> None:
    answers = [await client.request(method, path, **wishes) for _ in range(5)]
    assert memory_of(services).answered == 2, "the first was made, the next two have shown that they are alike"
    routed, repeated = answers[1], answers[4]
    assert repeated.content == routed.content
    own = ("age", "server-timing", "x-request-id")
    told = [{name: value for name, value in each.headers.items() if name not in own} for each in (routed, repeated)]
    assert told[0] == told[1] and set(routed.headers) == set(repeated.headers)
    assert repeated.headers["server-timing"].startswith("first;dur=")
    assert len({each.headers["x-request-id"] for each in answers}) == 5


async def test_each_is_counted_and_logged(client: httpx.AsyncClient, services: Services) -> None:
    with capture_logs() as lines:
        await remembered(client, services)
    routed, repeated = [line for line in lines if line["event"] == "operation"][2:]
    assert len({line["request_id"] for line in lines}) == 4
    # One that is repeated goes out at once: it is never held back.
    own = {"request_id", "first_item_seconds", "total_seconds", "held_seconds"}
    assert {name: routed[name] for name in routed if name not in own} == {
        name: repeated[name] for name in repeated if name not in own
    }
    page = (await client.get("/metrics")).text
    assert 'stts_cache_answers_total{engine="tone",state="hit"} 3.0' in page
    assert 'stts_operations_total{engine="tone",format="wav",status="completed",type="tts"} 4.0' in page
    assert 'stts_characters_total{engine="tone",type="tts"} 52.0' in page
    assert 'stts_operations_in_progress{type="tts"} 0.0' in page
    sums = await services.history.group(60, lambda minute, labels: labels)
    assert [(labels.voice, tally.operations, tally.bytes > 0) for labels, tally in sums.items()] == [("low", 4, True)]


async def test_the_id_of_a_client_comes_back(client: httpx.AsyncClient, services: Services) -> None:
    await remembered(client, services)
    before = memory_of(services).answered
    for name in ("mine-1", "mine-2"):
        answer = await client.get("/tts", params=SPOKEN, headers={"x-request-id": name, "traceparent": "00-1-2-3"})
        assert answer.headers.get_list("x-request-id") == [name]
    bad = await client.get("/tts", params=SPOKEN, headers={"x-request-id": "a b"})
    assert len(bad.headers["x-request-id"]) == 32
    assert memory_of(services).answered == before + 3, "an id makes no other request"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({"if-none-match": "*"}, 304),
        ({"range": "bytes=0-9"}, 206),
        ({"cache-control": "no-store"}, 200),
        ({"cache-control": "no-cache"}, 200),
        ({"origin": "https://elsewhere.example"}, 403),
        ({"host": "elsewhere.example"}, 403),
    ],
)
async def test_what_is_asked_otherwise_goes_the_long_way(
    client: httpx.AsyncClient, services: Services, header: dict[str, str], status: int
) -> None:
    await remembered(client, services)
    before = memory_of(services).answered
    answers = [await client.get("/tts", params=SPOKEN, headers=header) for _ in range(4)]
    assert [each.status_code for each in answers] == [status] * 4
    assert memory_of(services).answered == before
    if header.get("cache-control") == "no-store":
        assert all("x-cache" not in each.headers for each in answers)


async def test_a_changed_setting_is_seen_at_once(
    client: httpx.AsyncClient, services: Services, config: ConfigAdapter
) -> None:
    assert (await remembered(client, services)).headers["x-voice"] == "low"
    await config.patch({"tts.voices": {"tone": "high"}})
    changed = await client.get("/tts", params=SPOKEN)
    assert (changed.headers["x-voice"], changed.headers["x-cache"]) == ("high", "MISS")


async def test_a_cache_that_is_turned_off_answers_nothing(
    client: httpx.AsyncClient, services: Services, config: ConfigAdapter
) -> None:
    await remembered(client, services)
    await config.patch({"cache.enabled": False})
    assert "x-cache" not in (await client.get("/tts", params=SPOKEN)).headers


@pytest.mark.parametrize("query", ["", "?engine=tone", "?voice=low"])
async def test_a_deleted_entry_is_not_answered(client: httpx.AsyncClient, services: Services, query: str) -> None:
    await remembered(client, services)
    assert (await client.delete(f"/cache{query}")).status_code == 200
    assert (await client.get("/tts", params=SPOKEN)).headers["x-cache"] == "MISS"


async def test_an_entry_that_went_by_itself_is_not_answered(client: httpx.AsyncClient, services: Services) -> None:
    first = await remembered(client, services)
    await services.cache.remove()
    made = await client.get("/tts", params=SPOKEN)
    assert made.headers["x-cache"] == "MISS" and made.headers["etag"] != first.headers["etag"]


async def test_an_entry_that_was_made_anew_is_the_one_that_is_answered(
    client: httpx.AsyncClient, services: Services
) -> None:
    first = await remembered(client, services)
    anew = await client.get("/tts", params=SPOKEN, headers={"cache-control": "no-cache"})
    then = await client.get("/tts", params=SPOKEN)
    assert then.headers["etag"] == anew.headers["etag"] != first.headers["etag"]


async def test_whatever_is_changed_by_a_request_makes_it_forget(client: httpx.AsyncClient, services: Services) -> None:
    await remembered(client, services)
    await client.post("/tts", json={"text": ""})
    assert len(memory_of(services)) == 1, "refused: nothing was changed"
    file = {"file": ("low.wav", encoded(tone(0.2)))}
    assert (await client.post("/files", files=file, data={"kind": "references"})).status_code == 201
    assert len(memory_of(services)) == 0


async def test_an_engine_that_went_is_not_answered_for(client: httpx.AsyncClient, services: Services) -> None:
    await remembered(client, services, engine="auto")
    before = memory_of(services).answered
    services.engines.weights.forget("tone")
    await client.get("/tts", params={**SPOKEN, "engine": "auto"})
    assert memory_of(services).answered == before, "what is on the disk may have become another"


async def test_a_plan_that_cannot_be_asked_for_is_for_the_long_way(
    client: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    await remembered(client, services)
    before = memory_of(services).answered

    async def unknown(*_: object) -> bool:
        raise UnknownEngine("There is no such engine.")

    monkeypatch.setattr(EngineSelection, "holds", unknown)
    assert (await client.get("/tts", params=SPOKEN)).status_code == 200
    assert memory_of(services).answered == before


@pytest.mark.parametrize("wishes", [{"save": True}, {"text": "..."}])
async def test_what_leaves_something_is_done_each_time(
    client: httpx.AsyncClient, services: Services, wishes: dict[str, Any]
) -> None:
    for _ in range(5):
        assert (await client.post("/tts", json={**SPOKEN, **wishes})).status_code == 200
    assert memory_of(services).answered == 0


async def test_audio_within_other_bytes_is_no_answer_to_repeat(client: httpx.AsyncClient, services: Services) -> None:
    body = {"model": "tone", "input": "Good evening.", "stream_format": "sse"}
    bodies = [(await client.post("/v1/audio/speech", json=body)).text for _ in range(4)]
    assert memory_of(services).answered == 0 and all("speech.audio.done" in each for each in bodies)


async def test_each_dialect_keeps_its_own_headers(services: Services) -> None:
    security = SecuritySettings(api_key=SecretStr("token"))
    async with connected(services, name="batch", dialects=("batch-api",), security=security) as client:
        body = {"text": "Good evening.", "model": "low"}
        answers = [await client.post("/synthesizeSpeech", json=body, headers={"user-token": "token"}) for _ in range(5)]
        assert [each.status_code for each in answers] == [200] * 5
        assert memory_of(services).answered == 2
        assert set(answers[1].headers) == set(answers[4].headers) and answers[1].content == answers[4].content
        assert [(await client.post("/synthesizeSpeech", json=body)).status_code for _ in range(3)] == [403] * 3
        wrong = [await client.post("/synthesizeSpeech", json=body, headers={"user-token": "other"}) for _ in range(3)]
        assert [each.status_code for each in wrong] == [403] * 3


async def test_rates_of_a_listener_are_for_the_long_way(services: Services) -> None:
    async with connected(services, rates=lambda: ListenerRates(requests_per_minute=1000)) as client:
        for _ in range(5):
            assert (await client.get("/tts", params=SPOKEN)).status_code == 200
    assert memory_of(services).answered == 0


async def test_what_is_too_old_for_a_listener_is_for_the_long_way(services: Services) -> None:
    hours = [24.0]
    async with connected(services, cache_hours=lambda: hours[0]) as client:
        await remembered(client, services)
        before, hours[0] = memory_of(services).answered, 0.0
        assert (await client.get("/tts", params=SPOKEN)).status_code == 200
    assert memory_of(services).answered == before


@pytest.mark.parametrize(
    ("dialect", "path", "body", "header"),
    [
        ("elevenlabs", "/v1/text-to-speech/low?output_format=pcm_16000", {"text": "Good evening."}, "request-id"),
        ("deepgram", "/v1/speak?model=low&encoding=linear16", {"text": "Good evening."}, "dg-request-id"),
        ("chatterbox-server", "/tts", {"text": "Good evening.", "predefined_voice_id": "low"}, "content-disposition"),
    ],
)
async def test_no_answer_tells_what_is_of_another(
    services: Services, monkeypatch: pytest.MonkeyPatch, dialect: str, path: str, body: dict[str, Any], header: str
) -> None:
    async with connected(services, name=dialect, dialects=(dialect,)) as client:
        for _ in range(4):
            first = await client.post(path, json=body, headers={"x-request-id": "mine-1"})
        before = memory_of(services).answered
        assert before == 1, "it is repeated though the dialect has a header of its own time"
        monkeypatch.setattr("time.strftime", lambda *_: "20300101_000000")
        other = await client.post(path, json=body, headers={"x-request-id": "mine-2"})
        assert memory_of(services).answered == before + 1
    assert set(other.headers) == set(first.headers) and other.content == first.content
    assert other.headers["x-request-id"] == "mine-2"
    told = 'attachment; filename="tts_output_20300101_000000.wav"' if header == "content-disposition" else "mine-2"
    assert other.headers.get_list(header) == [told]
