"""Voices on a server as it comes: its own voice makes one, its own ear finds the words of the transcript."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from engines.registry import Registry
from stts.settings import Settings, StorageSettings
from tests.audio import speech
from tests.patient import PATIENCE
from tests.server import running
from tests.stts.voices.recordings import speech as person
from tests.stts.voices.recordings import wav

pytestmark = pytest.mark.socket

SPOKEN = (
    "Please open the window, and turn off the light in the kitchen. Then sit down and listen to the rain, "
    "which falls since the early morning."
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    root: Path = tmp_path_factory.mktemp("heard")
    settings = Settings(storage=StorageSettings(root=str(root)))
    with running(settings, Registry()) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        yield client


def made(client: httpx.Client, name: str, data: bytes, **form: str) -> dict[str, object]:
    answer = client.post("/v1/voices", files={"file": ("a", data)}, data={"name": name, **form})
    assert answer.status_code == 201, answer.text
    report: dict[str, object] = answer.json()["report"]
    return report


def test_the_words_of_a_transcript_are_heard(client: httpx.Client) -> None:
    words = "please open the window and turn off the light in the kitchen"
    report = made(client, "right", speech(), transcript=words, language="en")
    assert report["words_spoken"] == 12 and int(str(report["words_found"])) >= 9, report
    report = made(client, "wrong", speech(), transcript="the quick brown fox jumps over a lazy dog", language="en")
    assert "transcript" in [each["code"] for each in report["problems"]]  # type: ignore[attr-defined]


def test_what_the_default_voice_says_is_a_voice(client: httpx.Client) -> None:
    said = client.post("/tts", json={"text": SPOKEN, "format": "wav"})
    report = made(client, "synthetic", said.content, transcript=SPOKEN, language="en")
    assert report["usable"] and report["problems"] == [], report


def test_a_person_is_a_voice_that_no_engine_here_clones(client: httpx.Client) -> None:
    report = made(client, "person", wav(person()).getvalue())
    assert report["usable"] and float(str(report["speech_seconds"])) > 20
    refused = client.post("/tts", json={"text": "Hello", "voice": "person"})
    assert refused.status_code == 422 and "No engine installed here clones voices" in refused.json()["detail"]
    assert "`stts engines install pocket`" in refused.json()["detail"] and "espeak" not in refused.json()["detail"]
    unknown = client.post("/tts", json={"text": "Hello", "voice": "hart"}).json()["detail"]
    assert "No engine that `auto` takes here has this voice" in unknown and "heart" in unknown
    path = f"/v1/voices/{client.get('/v1/voices').json()['voices'][0]['id']}/preview"
    heard = client.get(path, params={"format": "flac"})
    assert heard.headers["content-type"] == "audio/flac" and heard.content.startswith(b"fLaC")
    assert heard.headers["x-preview-source"] == "recording" and "x-engine" not in heard.headers
    for given in ({"engine": "hibari"}, {"text": "Hello"}, {"source": "speech"}):
        assert "clone" in client.get(path, params=given).json()["error"]["message"], given


def test_a_consent_that_must_be_is_not_taken_back(tmp_path: Path) -> None:
    settings = Settings(storage=StorageSettings(root=str(tmp_path), require_consent=True))
    with running(settings, Registry()) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        assert client.post("/v1/voices", files={"file": ("a.flac", speech())}).status_code == 400
        voice = client.post("/v1/voices", files={"file": ("a.flac", speech())}, data={"consent": "Ann"}).json()
        path = f"/v1/voices/{voice['id']}"
        for emptied in (None, "", {"statement": None}, {"statement": " "}):
            refused = client.patch(path, json={"consent": emptied})
            assert refused.status_code == 400 and "consent" in refused.json()["error"]["message"], emptied
        assert client.get(path).json()["consent"]["statement"] == "Ann"
