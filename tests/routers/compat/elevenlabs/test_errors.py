from __future__ import annotations

from typing import Any

import httpx
import pytest

from routers.compat.elevenlabs.errors import render_elevenlabs_error
from stts.errors import Busy, EngineTimeout

PATH = "/v1/text-to-speech/low"


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("/v1/text-to-speech/nosuch", {"text": "Hello."}, 404, "voice_not_found"),
        (PATH, {"text": "Hello.", "model_id": "nosuch"}, 400, "model_not_found"),
        (PATH, {"text": "a" * 2001}, 400, "max_character_limit_exceeded"),
        (PATH, {"text": "  "}, 400, "invalid_text"),
        (PATH, {"text": "Let it explode."}, 500, "engine_failed"),
        (f"{PATH}/with-timestamps", {"text": "a" * 10_001}, 400, "max_character_limit_exceeded"),
        (f"{PATH}/stream/with-timestamps", {"text": "Let it explode."}, 500, "engine_failed"),
        ("/v1/nothing", {}, 404, "not_found"),
        ("/tts", {"text": "Hello."}, 404, "not_found"),
    ],
)
async def test_a_detail_with_a_status_in_words(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], status: int, word: str
) -> None:
    answer = await client.post(path, json=body)
    detail = answer.json()["detail"]
    assert (answer.status_code, detail["status"], detail["code"]) == (status, word, word)
    assert detail["message"] and detail["request_id"] and "nosuch" not in answer.text


@pytest.mark.parametrize(
    ("query", "body", "place"),
    [
        ({}, {}, ["body", "text"]),
        ({}, {"text": 5}, ["body", "text"]),
        ({"output_format": "mp3_44100_1280"}, {"text": "a"}, ["query", "output_format"]),
        ({"output_format": "mp3_44100_100"}, {"text": "a"}, ["query", "output_format"]),
        ({"output_format": "pcm_16000_64"}, {"text": "a"}, ["query", "output_format"]),
        ({"output_format": "ulaw_16000"}, {"text": "a"}, ["query", "output_format"]),
        ({"output_format": "mp3_12345_64"}, {"text": "a"}, ["query", "output_format"]),
        ({"optimize_streaming_latency": "9"}, {"text": "a"}, ["query", "optimize_streaming_latency"]),
        ({}, {"text": "a", "voice_settings": {"stability": 7}}, ["body", "voice_settings", "stability"]),
        ({}, {"text": "a", "voice_settings": {"speed": 9}}, ["body", "voice_settings", "speed"]),
    ],
)
async def test_fields_that_are_wrong(
    client: httpx.AsyncClient, query: dict[str, str], body: dict[str, Any], place: list[str]
) -> None:
    answer = await client.post(PATH, params=query, json=body)
    assert answer.status_code == 422
    mistake = answer.json()["detail"][0]
    assert mistake["loc"] == place and mistake["msg"] and mistake["type"]


@pytest.mark.parametrize("headers", [{}, {"xi-api-key": "wrong"}, {"authorization": "Bearer wrong"}])
async def test_a_key_is_wanted(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    client.headers.pop("xi-api-key")
    answer = await client.post(PATH, json={"text": "Hello."}, headers=headers)
    detail = answer.json()["detail"]
    assert (answer.status_code, detail["status"]) == (401, "invalid_api_key") and "xi-api-key" in detail["message"]


async def test_a_bearer_key_is_taken_too(client: httpx.AsyncClient) -> None:
    key = client.headers.pop("xi-api-key")
    assert (await client.get("/v1/models", headers={"authorization": f"Bearer {key}"})).status_code == 200


def test_a_busy_server_is_told_as_the_hosted_one_tells_it() -> None:
    busy = render_elevenlabs_error(Busy("Later."), "id")
    assert (busy.status, busy.body["detail"]["status"]) == (429, "system_busy")
    late = render_elevenlabs_error(EngineTimeout("Too slow."), "id")
    assert (late.status, late.body["detail"]["type"]) == (EngineTimeout.status, "server_error")
