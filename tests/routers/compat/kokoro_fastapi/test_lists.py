from __future__ import annotations

import httpx
import pytest

from routers.compat.kokoro_fastapi.profile import read_environment


async def test_voices(client: httpx.AsyncClient) -> None:
    voices = (await client.get("/v1/audio/voices")).json()
    assert {"id": "low", "name": "low"} in voices["voices"] and voices["default_voice"] == "low"
    assert "low" in (await client.get("/v1/audio/voices", params={"legacy": True})).json()["voices"]


async def test_models(client: httpx.AsyncClient) -> None:
    models = [each["id"] for each in (await client.get("/v1/models")).json()["data"]]
    assert models[:4] == ["tts-1", "tts-1-hd", "gpt-4o-mini-tts", "kokoro"] and "tone" in models
    assert (await client.get("/v1/models/kokoro")).json()["object"] == "model"
    missing = await client.get("/v1/models/nosuch")
    assert (missing.status_code, missing.json()["detail"]["error"]) == (404, "model_not_found")


async def test_health(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health")).status_code == 200
    assert (await client.get("/v1/test")).json() == {"status": "ok"}


@pytest.mark.parametrize("voices", ["low(2)+high(1)", ["low", "high"]])
async def test_a_blend_has_a_name(client: httpx.AsyncClient, voices: str | list[str]) -> None:
    answer = await client.post("/v1/audio/voices/combine", json=voices)
    blend = answer.json()["voice"]
    assert "low(" in blend and "+high(" in blend
    spoken = await client.post("/v1/audio/speech", json={"input": "Hello.", "model": "blender", "voice": blend})
    assert (spoken.status_code, spoken.headers["x-engine"]) == (200, "blender")


async def test_what_cannot_be_blended(client: httpx.AsyncClient) -> None:
    for voices in ("low+nosuch", "a++b", ["low", "nosuch"]):
        answer = await client.post("/v1/audio/voices/combine", json=voices)
        assert (answer.status_code, answer.json()["detail"]["error"]) == (400, "validation_error")


async def test_openais_other_routes_stand_behind(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/audio/transcriptions", data={"model": "nosuch"})
    assert answer.status_code == 400 and "error" in answer.json()


def test_its_environment() -> None:
    read = read_environment(
        {"PORT": "9000", "DEFAULT_VOICE": "am_adam", "USE_GPU": "true", "CORS_ORIGINS": '["*"]', "OTHER": "x"}
    )
    assert read.listener == {"port": 9000, "output": {"voice": "am_adam"}, "security": {"allowed_origins": ["*"]}}
    assert read.unknown == ("OTHER",)
