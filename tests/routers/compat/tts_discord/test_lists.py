"""The lists, with exactly the fields that clients read; the folder is looked at anew each time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from stts.settings import Settings
from stts.storage.files import derived
from tests.routers.compat.cloning_engines import OTHER, TURBO, recording
from tests.routers.compat.tts_discord.conftest import discord

pytestmark = pytest.mark.socket

EXTENSIONS = [".wav", ".mp3", ".ogg", ".flac"]


async def test_health(turbo: httpx.AsyncClient, references: Path) -> None:
    before = (await turbo.get("/health")).json()
    assert before == {
        "status": "ok",
        "device": "cpu",
        "cuda": False,
        "model": "chatterbox-turbo",
        "references_directory": str(references),
        "available_voices": 1,
        "voice_samples": ["anna.wav"],
        "model_loaded": False,
    }
    await turbo.post("/tts", json={"text": "Hello.", "voice": "anna.wav"})
    (references / "bert.ogg").write_bytes(recording(6.0, ".ogg"))
    after = (await turbo.get("/health")).json()
    assert (after["model_loaded"], after["voice_samples"]) == (True, ["anna.wav", "bert.ogg"])


async def test_info(turbo: httpx.AsyncClient, settings: Settings, references: Path) -> None:
    info = (await turbo.get("/info")).json()
    assert list(info) == [
        "model",
        "version",
        "device",
        "features",
        "sample_rate",
        "endpoints",
        "parameters",
        "reference_requirements",
    ]
    assert (info["model"], info["sample_rate"]) == ("Chatterbox Turbo", 24_000)
    assert info["parameters"]["temperature"] == "0.05-5.0 (default: 1.7)"
    assert info["reference_requirements"]["minimum_duration"] == "5.0 seconds"
    assert set(info["endpoints"]) == {"/api/tts", "/tts", "/health", "/info", "/list-voices", "/validate-references"}
    async with discord(settings, references, OTHER) as client:
        other = (await client.get("/info")).json()
    assert other["model"] == "mimic" and "chatterbox_turbo is not installed" in other["features"][0]
    async with discord(settings, references, {}) as client:
        none = (await client.get("/info")).json()
    assert none["model"] == "tone" and none["features"][0].startswith("No voice cloning")


async def test_voices_and_what_is_wrong_with_them(turbo: httpx.AsyncClient, references: Path) -> None:
    for suffix in EXTENSIONS[1:]:
        (references / f"bert{suffix}").write_bytes(recording(7.0, suffix))
    (references / "short.wav").write_bytes(recording(3.2))
    (references / "broken.mp3").write_bytes(b"nothing")
    (references / "notes.txt").write_text("none")
    listed = (await turbo.get("/list-voices")).json()
    assert list(listed) == ["voices", "count", "valid_count", "directory"]
    assert (listed["count"], listed["valid_count"], listed["directory"]) == (6, 4, str(references))
    voices = {each.pop("filename"): each for each in listed["voices"]}
    assert voices["short.wav"] == {
        "valid": False,
        "duration": 3.2,
        "format": "wav",
        "error": "Audio too short: 3.2s. Must be at least 5.0 seconds",
    }
    assert voices["broken.mp3"]["error"] == "Could not read audio file: broken.mp3"
    for suffix in EXTENSIONS[1:]:
        found = voices[f"bert{suffix}"]
        assert found["valid"] and found["error"] is None and found["format"] == suffix[1:]
        assert found["duration"] == pytest.approx(7.0, abs=0.06)
    checked = (await turbo.get("/validate-references")).json()
    assert list(checked) == ["directory", "total_files", "valid_files", "results", "requirements"]
    assert (checked["total_files"], checked["valid_files"], checked["results"]) == (6, 4, voices)
    assert checked["requirements"] == {"minimum_duration": 5.0, "supported_formats": EXTENSIONS}


def converted(references: Path) -> list[Path]:
    return sorted(references.glob(".converted/*/*.wav"))


async def test_files_come_change_and_go_while_it_runs(turbo: httpx.AsyncClient, references: Path) -> None:
    async def said(voice: str) -> tuple[int, bytes]:
        answer = await turbo.post("/tts", json={"text": "Hello.", "voice": voice})
        return answer.status_code, answer.content

    assert (await said("carl.wav"))[0] == 404
    (references / "carl.mp3").write_bytes(recording(6.0, ".mp3"))
    status, first = await said("carl.wav")
    assert status == 200, "another extension of the same stem"
    made = converted(references)
    assert len(made) == 1
    await turbo.post("/tts", json={"text": "Hello again.", "voice": "carl.mp3"})
    assert converted(references) == made, "converted once"
    (references / "carl.mp3").write_bytes(recording(25.0, ".mp3"))
    assert (await said("carl"))[1] != first, "what was kept was another recording"
    (references / "carl.mp3").unlink()
    assert (await said("carl.wav"))[0] == 404
    assert not converted(references), "its converted part goes with it"


async def test_a_folder_that_cannot_be_made(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    async with discord(settings, tmp_path / "file" / "references", TURBO) as client:
        assert (await client.get("/health")).json()["available_voices"] == 0
        folder = {"directory": str(tmp_path / "file" / "references"), "error": "References directory does not exist"}
        assert (await client.get("/list-voices")).json() == {"voices": [], "count": 0, **folder}
        assert (await client.get("/validate-references")).json() == {"results": {}, **folder}
        answer = await client.post("/tts", json={"text": "Hello.", "voice": "anna.wav"})
        assert answer.status_code == 404


async def test_a_folder_that_cannot_be_written(settings: Settings, references: Path, monkeypatch: Any) -> None:
    def refuse(path: Path, data: bytes) -> None:
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(derived, "replace_file", refuse)
    async with discord(settings, references, TURBO) as client:
        answer = await client.post("/tts", json={"text": "Hello.", "voice": "anna.wav"})
    assert answer.status_code == 200 and answer.headers["x-voice-cloned"] == "true"
