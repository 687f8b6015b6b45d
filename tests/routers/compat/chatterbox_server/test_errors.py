"""Refusals and failures in FastAPI's error body."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from middleware.listener import OutputDefaults
from stts.settings import Settings
from tests.routers.compat.chatterbox_server.conftest import chatterbox
from tests.routers.compat.cloning_engines import TURBO, TurboLike, recording

pytestmark = pytest.mark.socket

PATH = "The name of a voice is the name of a file, without folders."


async def refused(client: httpx.AsyncClient, path: str = "/tts", **body: Any) -> tuple[int, Any]:
    answer = await client.post(path, json={"text": "Hello.", **body} if path == "/tts" else {"input": "Hello.", **body})
    assert list(answer.json()) == ["detail"]
    return answer.status_code, answer.json()["detail"]


async def test_voices_that_are_not_there(client: httpx.AsyncClient) -> None:
    assert await refused(client, predefined_voice_id="nobody.wav") == (
        404,
        "Predefined voice file 'nobody.wav' not found.",
    )
    assert await refused(client, voice_mode="clone", reference_audio_filename="nobody.wav") == (
        404,
        "Reference audio file 'nobody.wav' not found.",
    )
    assert await refused(client, voice_mode="clone") == (
        400,
        "Missing 'reference_audio_filename' for 'clone' voice mode.",
    )
    assert await refused(client, "/v1/audio/speech", voice="nobody.wav") == (404, "Voice file 'nobody.wav' not found.")


@pytest.mark.parametrize("name", ["../secret.wav", "..\\secret.wav", "/etc/passwd", "..", ".hidden.wav", "a\0.wav"])
async def test_paths_are_no_names(settings: Settings, tmp_path: Path, name: str) -> None:
    (tmp_path / "voices").mkdir()
    (tmp_path / "secret.wav").write_bytes(recording(8.0))
    folder = str(tmp_path / "voices")
    async with chatterbox(settings, TURBO, predefined_voices_path=folder, reference_audio_path=folder) as client:
        assert await refused(client, predefined_voice_id=name) == (400, PATH)
        assert await refused(client, voice_mode="clone", reference_audio_filename=name) == (400, PATH)
        assert await refused(client, "/v1/audio/speech", voice=name) == (400, PATH)
    assert not TurboLike.told


async def test_wrong_fields_are_listed(client: httpx.AsyncClient) -> None:
    wrong: tuple[dict[str, Any], ...] = (
        {"voice_mode": "both"},
        {"output_format": "aiff"},
        {"chunk_size": 10},
        {"seed": -1},
        {"speed_factor": 9},
        {"temperature": 99},
        {"exaggeration": -1},
        {"text": ""},
    )
    for body in wrong:
        status, detail = await refused(client, **body)
        assert status == 422 and detail[0]["loc"] == ["body", next(iter(body))], body


async def test_texts_over_the_limit(settings: Settings) -> None:
    async with chatterbox(settings, TURBO, OutputDefaults("wav", text_characters=5)) as client:
        status, detail = await refused(client)
        assert status == 422 and "limit of 5 characters" in str(detail)


async def test_an_engine_that_fails(client: httpx.AsyncClient) -> None:
    status, detail = await refused(client, text="explode", predefined_voice_id="low")
    assert status == 500 and "explode" not in detail


async def test_paths_that_are_not_there(client: httpx.AsyncClient) -> None:
    for path in ("/voices", "/v1/models", "/config", "/api/tts", "/outputs/x.wav"):
        answer = await client.get(path)
        assert answer.status_code == 404 and list(answer.json()) == ["detail"]


async def test_the_log_has_no_name_that_a_client_has_sent(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    status, detail = await refused(client, predefined_voice_id="my secret.wav")
    assert status == 404 and "my secret" in detail
    assert "my secret" not in "".join(capsys.readouterr())
