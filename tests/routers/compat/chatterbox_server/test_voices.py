"""Lists and uploads: recordings become voices of the library, and speak."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from stts.settings import Settings, StorageSettings
from tests.routers.compat.chatterbox_server.conftest import chatterbox
from tests.routers.compat.cloning_engines import TURBO, TurboLike, recording

pytestmark = pytest.mark.socket

OWN = [{"display_name": "Low", "filename": "low"}, {"display_name": "High", "filename": "high"}]


async def upload(client: httpx.AsyncClient, path: str, *files: tuple[str, bytes], **fields: str) -> tuple[int, Any]:
    answer = await client.post(path, files=[("files", file) for file in files], data=fields)
    return answer.status_code, answer.json()


async def test_a_reference_is_uploaded_listed_and_cloned(client: httpx.AsyncClient) -> None:
    assert (await client.get("/get_reference_files")).json() == []
    status, body = await upload(
        client,
        "/upload_reference",
        ("gianna.wav", recording(8.0)),
        ("bert.mp3", recording(7.0, ".mp3")),
        ("notes.txt", b"no audio"),
    )
    assert status == 200 and list(body) == ["message", "uploaded_files", "errors", "all_reference_files"]
    assert (body["message"], body["uploaded_files"]) == ("Processed 3 file(s).", ["gianna.wav", "bert.mp3"])
    assert [each["filename"] for each in body["errors"]] == ["notes.txt"]
    names = ["bert.mp3", "gianna.wav"]
    assert body["all_reference_files"] == names == (await client.get("/get_reference_files")).json()
    assert (await client.get("/get_predefined_voices")).json()[-2:] == OWN
    spoken = {"text": "Hello.", "voice_mode": "clone", "reference_audio_filename": "gianna.wav"}
    answer = await client.post("/tts", json=spoken)
    assert answer.status_code == 200 and answer.headers["x-voice-cloned"] == "true"
    assert TurboLike.told[-1][1].id == "gianna.wav"


async def test_the_same_name_again_stays_as_it_is(client: httpx.AsyncClient) -> None:
    await upload(client, "/upload_reference", ("anna.wav", recording(8.0)))
    status, body = await upload(client, "/upload_reference", ("anna.wav", recording(7.0)))
    assert (status, body["uploaded_files"], body["errors"]) == (200, ["anna.wav"], [])


async def test_what_cannot_be_kept(client: httpx.AsyncClient) -> None:
    status, body = await upload(client, "/upload_reference", ("a.wav", b"x"), ("alloy.wav", recording(6.0)))
    assert status == 400 and [each["filename"] for each in body["errors"]] == ["a.wav", "alloy.wav"]
    assert body["uploaded_files"] == [] and "hosted service" in body["errors"][1]["error"]
    answer = await client.post("/upload_reference", json={})
    assert answer.status_code == 422 and "detail" in answer.json()
    many = [(f"{number}.wav", b"x") for number in range(21)]
    status, body = await upload(client, "/upload_reference", *many)
    assert status == 422 and "more files" in str(body["detail"])


async def test_consent_is_asked_for_where_the_operator_wants_it(settings: Settings, tmp_path: Path) -> None:
    storage = StorageSettings(root=str(tmp_path / "kept"), require_consent=True)
    async with chatterbox(settings.model_copy(update={"storage": storage}), TURBO) as client:
        status, body = await upload(client, "/upload_reference", ("anna.wav", recording(6.0)))
        assert status == 400 and "consent" in body["errors"][0]["error"]
        status, body = await upload(client, "/upload_reference", ("anna.wav", recording(6.0)), consent="Anna, in 2026")
        assert status == 200 and body["uploaded_files"] == ["anna.wav"]


async def test_predefined_voices(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "emily_calm.wav").write_bytes(recording(6.0))
    async with chatterbox(settings, TURBO, predefined_voices_path=str(tmp_path / "voices")) as client:
        status, body = await upload(client, "/upload_predefined_voice", ("max-power.wav", recording(8.0)))
        assert status == 200 and body["message"] == "Processed 1 predefined voice file(s)."
        listed = [
            {"display_name": "Emily Calm", "filename": "emily_calm.wav"},
            {"display_name": "Max Power", "filename": "max-power.wav"},
            *OWN,
        ]
        assert body["all_predefined_voices"] == listed == (await client.get("/get_predefined_voices")).json()
        assert (await client.get("/get_reference_files")).json() == []
        voices = (await client.get("/v1/audio/voices?model=chatterbox")).json()["voices"]
        assert [(each["id"], each["name"]) for each in voices] == [
            (each["filename"], each["display_name"]) for each in listed
        ]
        for name in ("emily_calm.wav", "max-power.wav"):
            answer = await client.post("/tts", json={"text": "Hello.", "predefined_voice_id": name})
            assert answer.headers["x-voice-cloned"] == "true" and TurboLike.told[-1][1].id == name
