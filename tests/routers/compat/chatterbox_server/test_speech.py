"""Speech over a real socket: predefined voices, recordings of folders and of the library, formats and streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from middleware.listener import OutputDefaults
from stts.settings import Settings
from tests.audio import decoded
from tests.routers.compat.chatterbox_server.conftest import chatterbox
from tests.routers.compat.cloning_engines import OTHER, TURBO, OtherCloner, TurboLike, recording

pytestmark = pytest.mark.socket

TEXT = "The birch canoe slid on the smooth planks."


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Any]:
    """A folder of predefined voices, and one of recordings, as options."""
    voices, recordings = tmp_path / "voices", tmp_path / "reference_audio"
    voices.mkdir()
    recordings.mkdir()
    (voices / "Emily.wav").write_bytes(recording(8.0))
    (recordings / "gianna.mp3").write_bytes(recording(20.0, ".mp3"))
    return {"predefined_voices_path": str(voices), "reference_audio_path": str(recordings)}


@pytest.mark.parametrize(
    ("format", "media_type"), [("wav", "audio/wav"), ("mp3", "audio/mpeg"), ("opus", "audio/opus"), (None, "audio/wav")]
)
async def test_a_voice_of_this_server(client: httpx.AsyncClient, format: str | None, media_type: str) -> None:
    body = {"text": TEXT, "voice_mode": "predefined", "predefined_voice_id": "high", "output_format": format}
    answer = await client.post("/tts", json={**body, "split_text": True, "chunk_size": 120, "seed": 0})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == media_type and answer.headers["x-voice"] == "high"
    suffix = format or "wav"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="tts_output_') and disposition.endswith(f'.{suffix}"')
    assert int(answer.headers["content-length"]) == len(answer.content) and "x-voice-cloned" not in answer.headers
    samples, rate = decoded(answer.content)
    assert len(samples) / rate == pytest.approx(0.06 * len(TEXT), abs=0.15) and np.abs(samples).max() > 0.05
    assert rate == (48_000 if format == "opus" else 24_000)


async def test_the_speed_factor_keeps_the_pitch(client: httpx.AsyncClient) -> None:
    answer = await client.post("/tts", json={"text": TEXT, "predefined_voice_id": "high", "speed_factor": 2.0})
    samples, rate = decoded(answer.content)
    assert len(samples) / rate == pytest.approx(0.03 * len(TEXT), abs=0.15)


async def test_a_stream_is_a_wav_that_comes_as_it_is_made(client: httpx.AsyncClient) -> None:
    body = {"text": f"{TEXT} {TEXT}", "predefined_voice_id": "high", "stream": True, "output_format": "mp3"}
    answer = await client.post("/tts", json=body)
    assert answer.headers["content-type"] == "audio/wav" and answer.headers["transfer-encoding"] == "chunked"
    samples, rate = decoded(answer.content)
    assert len(samples) / rate > 4


async def test_recordings_of_folders(settings: Settings, folders: dict[str, Any]) -> None:
    async with chatterbox(settings, TURBO, **folders) as client:
        body = {"text": TEXT, "voice_mode": "predefined", "predefined_voice_id": "Emily.wav", "temperature": 0.6}
        answer = await client.post("/tts", json=body)
        assert answer.status_code == 200 and answer.headers["x-voice-cloned"] == "true", answer.text
        text, voice, told = TurboLike.told[-1]
        assert (text, voice.id, told.temperature, told.top_k) == (TEXT, "Emily.wav", 0.6, 1000)
        clone = {"text": TEXT, "voice_mode": "clone", "reference_audio_filename": "gianna.mp3"}
        answer = await client.post("/tts", json=clone)
        assert answer.headers["x-voice-cloned"] == "true" and TurboLike.told[-1][1].id == "gianna.mp3"
        for name in ("Emily.wav", "gianna.mp3"):
            spoken = {"model": "chatterbox", "input": TEXT, "voice": name, "seed": 3, "response_format": "mp3"}
            answer = await client.post("/v1/audio/speech", json=spoken)
            assert answer.status_code == 200 and answer.headers["content-type"] == "audio/mpeg"
            assert TurboLike.told[-1][1].id == name


async def test_parameters_are_those_of_the_request_then_of_the_listener(
    settings: Settings, folders: dict[str, Any]
) -> None:
    output = OutputDefaults("wav", parameters={"temperature": 1.1, "exaggeration": 0.9})
    async with chatterbox(settings, TURBO, output, **folders) as client:
        body = {"text": TEXT, "predefined_voice_id": "Emily.wav", "cfg_weight": 0.3}
        assert (await client.post("/tts", json=body)).status_code == 200
        assert TurboLike.told[-1][2].temperature == 1.1
        await client.post("/tts", json={**body, "temperature": 0.2})
        assert TurboLike.told[-1][2].temperature == 0.2
    async with chatterbox(settings, OTHER, **folders) as client:
        answer = await client.post("/tts", json={**body, "temperature": 4})
        assert answer.status_code == 200 and "temperature" in answer.headers["x-warnings"]
        assert OtherCloner.given[-1].temperature == 0.3


async def test_without_an_engine_that_clones_another_voice_speaks(settings: Settings, folders: dict[str, Any]) -> None:
    async with chatterbox(settings, {}, **folders) as client:
        answer = await client.post("/tts", json={"text": TEXT, "predefined_voice_id": "Emily.wav"})
    assert answer.status_code == 200 and answer.headers["x-engine"] == "tone"
    assert answer.headers["x-voice-cloned"] == "false" and "clones" in answer.headers["x-warnings"]


async def test_voices_that_system_ships_are_stood_in_for(client: httpx.AsyncClient) -> None:
    for path, body in (
        ("/tts", {"text": TEXT, "predefined_voice_id": "Emily.wav"}),
        ("/v1/audio/speech", {"input": TEXT, "voice": "Ryan.wav"}),
    ):
        answer = await client.post(path, json=body)
        assert answer.status_code == 200 and "not here" in answer.headers["x-warnings"]
    answer = await client.post("/v1/audio/speech", json={"input": TEXT, "voice": "alloy"})
    assert answer.status_code == 200 and "x-warnings" not in answer.headers


async def test_who_names_no_voice_gets_that_of_the_listener(settings: Settings) -> None:
    async with chatterbox(settings, TURBO, OutputDefaults("wav", voice="high")) as client:
        for path, body in (("/tts", {"text": TEXT}), ("/v1/audio/speech", {"model": "x", "input": TEXT})):
            answer = await client.post(path, json=body)
            assert answer.status_code == 200 and answer.headers["x-voice"] == "high"
    async with chatterbox(settings, TURBO, OutputDefaults("wav", voice="Emily.wav")) as client:
        answer = await client.post("/tts", json={"text": TEXT})
        assert answer.status_code == 200 and "not here" in answer.headers["x-warnings"]
