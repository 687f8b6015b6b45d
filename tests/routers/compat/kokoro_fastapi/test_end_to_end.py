"""Kokoro-FastAPI's clients on a socket: the official OpenAI client and plain requests, with the default voice."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest

from routers.compat.kokoro_fastapi.profile import KOKORO_FASTAPI
from stts.settings import Settings, StorageSettings
from tests import patient
from tests.audio import decoded
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket

TEXT = "The first move is what sets everything in motion."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = Settings(storage=StorageSettings(root=str(tmp_path_factory.mktemp("kokoro") / "data")))
    with running(settings, dialects=KOKORO_FASTAPI.dialects) as server:
        yield server


@pytest.mark.parametrize("voice", ["af_heart", "af_bella(2)+af_sky(1)", "af_bella+af_sky"])
def test_the_official_client_saves_speech(server: RunningServer, voice: str, tmp_path: Path) -> None:
    file = tmp_path / "speech.mp3"
    with patient.OpenAI(base_url=f"{server.url}/v1", api_key="not-needed", max_retries=0) as client:
        speech = client.audio.speech.with_streaming_response
        with speech.create(model="kokoro", voice=voice, input=TEXT, extra_body={"lang_code": "a"}) as answer:
            answer.stream_to_file(file)
    samples, rate = decoded(file.read_bytes())
    assert 2.0 < len(samples) / rate < 5.0


def test_captions_and_two_voices_in_one_file(server: RunningServer) -> None:
    text = f"[voice:af_heart]{TEXT} [pause:1s][voice:am_adam]{TEXT}"
    body = {"model": "kokoro", "input": text, "response_format": "mp3", "allow_voice_tags": True}
    answer = patient.post(f"{server.url}/dev/captioned_speech", json=body)
    told = [json.loads(line) for line in answer.text.splitlines()]
    samples, rate = decoded(b"".join(b64decode(line["audio"]) for line in told))
    words = [word for line in told for word in line["timestamps"]]
    assert " ".join(word["word"] for word in words) == f"{TEXT} {TEXT}"
    assert [word["voice"] for word in words] == ["af_heart"] * 9 + ["am_adam"] * 9
    assert words[-1]["end_time"] == pytest.approx(len(samples) / rate, abs=0.5)
    assert words[9]["start_time"] - words[8]["end_time"] > 0.9
