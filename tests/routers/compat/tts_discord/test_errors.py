"""Refusals and failures: the status and the words that these clients know, in `detail`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from middleware.listener import OutputDefaults
from stts.settings import SecuritySettings, Settings
from tests.routers.compat.cloning_engines import TURBO, TurboLike, recording
from tests.routers.compat.tts_discord.conftest import discord

pytestmark = pytest.mark.socket


async def refused(client: httpx.AsyncClient, **fields: Any) -> tuple[int, Any]:
    answer = await client.post("/api/tts", json={"text": "Hello.", "voice": "anna.wav", **fields})
    assert answer.headers["content-type"] == "application/json" and list(answer.json()) == ["detail"]
    return answer.status_code, answer.json()["detail"]


async def test_a_recording_that_is_too_short(turbo: httpx.AsyncClient, references: Path) -> None:
    (references / "short.mp3").write_bytes(recording(3.2, ".mp3"))
    assert await refused(turbo, voice="short.mp3") == (400, "Audio too short: 3.2s. Must be at least 5.0 seconds")
    (references / "almost.wav").write_bytes(recording(4.98))
    assert await refused(turbo, voice="almost.wav") == (400, "Audio too short: 4.9s. Must be at least 5.0 seconds")


async def test_a_recording_that_is_none(turbo: httpx.AsyncClient, references: Path) -> None:
    (references / "noise.wav").write_bytes(b"no audio")
    assert await refused(turbo, voice="noise.wav") == (400, "Could not read audio file: noise.wav")


@pytest.mark.parametrize(
    "name",
    [
        "nobody.wav",
        "../secret.wav",
        "..\\secret.wav",
        "..",
        ".",
        "",
        "/etc/passwd",
        "references/anna.wav",
        "anna.wav/../anna.wav",
        "%2e%2e/secret.wav",
        "link.wav",
        ".hidden.wav",
        "folder.wav",
        "anna.wav\x00.wav",
    ],
)
async def test_names_that_are_no_file_of_the_folder(turbo: httpx.AsyncClient, references: Path, name: str) -> None:
    secret = references.parent / "secret.wav"
    secret.write_bytes(recording(8.0))
    (references / ".hidden.wav").write_bytes(recording(8.0))
    (references / "link.wav").symlink_to(secret)
    (references / "folder.wav").mkdir()
    expected = (404, f"Voice file '{name}' not found in references directory")
    assert await refused(turbo, voice=name) == expected
    assert not TurboLike.told


async def test_half_a_character_is_no_name(turbo: httpx.AsyncClient) -> None:
    body = b'{"text": "Hello.", "voice": "\\ud800.wav"}'
    answer = await turbo.post("/tts", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (404, 422) and isinstance(answer.json()["detail"], str)


async def test_fields_that_are_wrong(turbo: httpx.AsyncClient) -> None:
    for fields in ({"temperature": 0.01}, {"top_k": 101}, {"top_p": 1.5}, {"repetition_penalty": 0.1}, {"voice": None}):
        status, detail = await refused(turbo, **fields)
        assert status == 422 and isinstance(detail, str) and next(iter(fields)) in detail
    answer = await turbo.post("/tts", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 422 and isinstance(answer.json()["detail"], str)


async def test_texts_that_cannot_be_spoken(settings: Settings, references: Path) -> None:
    async with discord(settings, references, TURBO, OutputDefaults("wav", text_characters=20)) as client:
        status, detail = await refused(client, text="x" * 21)
        assert (status, detail) == (422, "The text is longer than the limit of 20 characters.")
        assert (await refused(client, text="  "))[0] == 422


async def test_an_engine_that_fails(turbo: httpx.AsyncClient) -> None:
    status, detail = await refused(turbo, text="explode")
    assert status == 500 and detail.startswith("TTS generation failed: ") and "explode" not in detail


async def test_out_of_memory_suggests_the_cpu(turbo: httpx.AsyncClient) -> None:
    status, detail = await refused(turbo, text="memory")
    assert status == 500 and detail.startswith("TTS generation failed: ") and "DEVICE=cpu" in detail


async def test_paths_that_are_not_there(turbo: httpx.AsyncClient) -> None:
    for path in ("/v1/models", "/voices", "/config", "/docs", "/api/tts/more"):
        answer = await turbo.get(path)
        assert answer.status_code == 404 and list(answer.json()) == ["detail"], path
    answer = await turbo.get("/tts")
    assert answer.status_code == 405 and list(answer.json()) == ["detail"]


async def test_the_log_has_no_name_that_a_client_has_sent(
    turbo: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    status, detail = await refused(turbo, voice="my secret.wav")
    assert status == 404 and "my secret" in detail
    assert "my secret" not in "".join(capsys.readouterr())


async def test_a_key_is_asked_for_in_the_same_words(settings: Settings, references: Path) -> None:
    locked = settings.model_copy(update={"security": SecuritySettings(api_key=SecretStr("abc"), public_lists=False)})
    async with discord(locked, references, TURBO) as client:
        assert (await refused(client))[0] == 401
        for path in ("/health", "/info", "/list-voices", "/validate-references"):
            answer = await client.get(path)
            assert answer.status_code == 401 and list(answer.json()) == ["detail"], path
            assert (await client.get(path, headers={"authorization": "Bearer abc"})).status_code == 200
