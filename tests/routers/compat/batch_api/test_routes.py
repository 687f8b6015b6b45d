from __future__ import annotations

import asyncio

import httpx
import numpy as np
import pytest

from middleware.listener import OutputDefaults
from routers.services import Services
from tests.routers.compat.batch_api.conftest import HEADERS, client_of

TEXT = "Hello world, this is a test."
SAMPLE_RATE = 22_050


@pytest.mark.parametrize("path", ["/synthesizeSpeech", "/v1/synthesizeSpeech"])
async def test_a_text_is_raw_samples_with_their_length(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, headers=HEADERS, json={"text": TEXT})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "audio/x-raw"
    assert int(answer.headers["content-length"]) == len(answer.content)
    samples = np.frombuffer(answer.content, "<i2")
    # The tone speaks 60 ms a character.
    assert len(samples) / SAMPLE_RATE == pytest.approx(len(TEXT) * 0.06, abs=0.05)
    assert np.abs(samples).max() > 1000


async def test_a_token_that_is_missing_or_wrong_is_forbidden(client: httpx.AsyncClient) -> None:
    for headers in ({}, {"user-token": "wrong"}, {"x-api-key": "debug-token"}, {"user-token": ""}):
        answer = await client.post("/synthesizeSpeech", headers=headers, json={"text": TEXT})
        assert (answer.status_code, answer.json()) == (403, {"detail": "Forbidden"})
        assert "www-authenticate" not in answer.headers


async def test_health_is_open(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health", headers={"host": "tts-api-service"})
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})


async def test_wrong_bodies_are_answered_as_fastapi_does(client: httpx.AsyncClient) -> None:
    missing = await client.post("/synthesizeSpeech", headers=HEADERS, json={})
    assert missing.status_code == 422
    assert missing.json() == {"detail": [{"type": "missing", "loc": ["body", "text"], "msg": "Field required"}]}
    for body in (b"", b"no json", b"[]", b'{"text": 5}', b'{"text": null}'):
        refused = await client.post(
            "/synthesizeSpeech", headers={**HEADERS, "content-type": "application/json"}, content=body
        )
        assert refused.status_code == 422 and refused.json()["detail"][0]["loc"][0] == "body", body
    empty = await client.post("/synthesizeSpeech", headers=HEADERS, json={"text": " \n"})
    assert empty.status_code == 422 and empty.json()["detail"][0]["loc"] == ["body", "text"]


async def test_a_text_over_a_limit(services: Services) -> None:
    async with client_of(services, OutputDefaults("pcm", text_characters=10)) as client:
        answer = await client.post("/synthesizeSpeech", headers=HEADERS, json={"text": TEXT})
    assert answer.status_code == 422 and "10 characters" in answer.json()["detail"][0]["msg"]
    async with client_of(services) as client:
        answer = await client.post("/synthesizeSpeech", headers=HEADERS, json={"text": "a" * 3000})
    assert answer.status_code == 422 and "2000" in answer.json()["detail"][0]["msg"]


async def test_model_and_sample_rate(client: httpx.AsyncClient) -> None:
    body = {"text": TEXT, "model": "high", "sample_rate": 16_000}
    answer = await client.post("/synthesizeSpeech", headers=HEADERS, json=body)
    assert answer.headers["x-voice"] == "high"
    assert len(answer.content) / 2 / 16_000 == pytest.approx(len(TEXT) * 0.06, abs=0.05)
    unknown = await client.post("/synthesizeSpeech", headers=HEADERS, json={**body, "model": "nobody"})
    assert unknown.status_code == 400 and isinstance(unknown.json()["detail"], str)


async def test_a_voice_of_the_listener_that_is_not_here_is_stood_in_for_and_told(services: Services) -> None:
    async with client_of(services, OutputDefaults("pcm", voice="high")) as client:
        answer = await client.post("/synthesizeSpeech", headers=HEADERS, json={"text": TEXT})
        assert answer.headers["x-voice"] == "high" and "x-warnings" not in answer.headers
    async with client_of(services, OutputDefaults("pcm", voice="en_US-kathleen-low")) as client:
        for state in ("MISS", "HIT"):
            answer = await client.post("/synthesizeSpeech", headers=HEADERS, json={"text": TEXT})
            assert (answer.status_code, answer.headers["x-voice"], answer.headers["x-cache"]) == (200, "low", state)
            assert "no such voice here" in answer.headers["x-warnings"]


async def test_the_same_text_is_the_same_bytes_and_made_once(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(client.post("/synthesizeSpeech", headers=HEADERS, json={"text": TEXT}) for _ in range(3))
    )
    again = await client.post("/v1/synthesizeSpeech", headers=HEADERS, json={"text": TEXT})
    assert len({answer.content for answer in (*answers, again)}) == 1
    assert {answer.headers["x-cache"] for answer in answers} <= {"MISS", "HIT"}
    assert again.headers["x-cache"] == "HIT"


async def test_what_other_dialects_have_is_not_there(client: httpx.AsyncClient) -> None:
    for path in ("/tts?text=Hello", "/voices", "/v1/audio/voices", "/docs", "/ready"):
        answer = await client.get(path, headers=HEADERS)
        assert answer.status_code == 404 and isinstance(answer.json()["detail"], str), path
    wrong = await client.get("/synthesizeSpeech", headers=HEADERS)
    assert wrong.status_code == 405 and wrong.headers["allow"].startswith("POST")


async def test_an_engine_that_breaks(client: httpx.AsyncClient) -> None:
    answer = await client.post("/synthesizeSpeech", headers=HEADERS, json={"text": "Now it will explode."})
    assert answer.status_code == 500 and isinstance(answer.json()["detail"], str)
    assert "explode" not in answer.text
