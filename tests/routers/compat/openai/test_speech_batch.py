"""A few texts in one request: each has its audio, or the reason for none."""

from __future__ import annotations

import threading
from base64 import b64decode, b64encode
from typing import Any

import httpx
import pytest

from routers.compat.openai import speech_batch
from tests import patient
from tests.audio import decoded
from tests.routers.compat.conftest import INPUT_LIMIT
from tests.server import RunningServer


def sent(server: RunningServer, *items: dict[str, Any]) -> httpx.Response:
    return patient.post(f"{server.url}/v1/audio/speech/batch", json={"items": list(items)})


def test_each_item_has_its_audio(server: RunningServer) -> None:
    answer = sent(
        server,
        {"model": "tts-1", "input": "A first one.", "response_format": "wav"},
        {"model": "tts-1", "input": "And a second, longer one.", "response_format": "mp3", "speed": 2.0},
    )
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["data"]
    assert (first["index"], first["media_type"], second["media_type"]) == (0, "audio/wav", "audio/mpeg")
    samples, rate = decoded(b64decode(first["audio"]))
    assert len(samples) / rate == pytest.approx(first["seconds"], abs=0.05)


def test_one_that_fails_does_not_end_the_others(server: RunningServer) -> None:
    answer = sent(
        server,
        {"model": "tts-1", "input": "Fine."},
        {"model": "tts-1", "input": "Fine.", "voice": "nobody of this name"},
        {"model": "none-of-this-name", "input": "Fine."},
    )
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert "audio" in data[0] and [each["index"] for each in data] == [0, 1, 2]
    assert data[2]["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    "items", [[], [{"model": "tts-1"}], [{"model": "tts-1", "input": "x"}] * 33], ids=["none", "no input", "many"]
)
def test_what_is_no_batch_is_refused(server: RunningServer, items: list[dict[str, Any]]) -> None:
    assert sent(server, *items).status_code == 400


def test_long_texts_are_for_jobs(server: RunningServer) -> None:
    refused = sent(server, {"model": "tts-1", "input": "x" * (INPUT_LIMIT + 1)})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "text_too_long")


def test_audio_beyond_the_bound_is_refused_item_by_item(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_batch, "MOST_BYTES", 150_000)
    monkeypatch.setattr(speech_batch, "AT_ONCE", 1)
    short = {"model": "tts-1", "input": "A short one.", "response_format": "wav"}
    answer = sent(server, short, {**short, "input": "Long. " * 15, "speed": 0.25}, short)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    first, refused, last = answer.json()["data"]
    assert refused["error"]["code"] == "payload_too_large" and "/jobs/speech" in refused["error"]["message"]
    assert "audio" not in refused and first["audio"] == last["audio"]
    assert len(b64decode(first["audio"])) < 150_000 / 2, "what the refused one had taken is there for others again"


def test_audio_is_encoded_beside_the_event_loop(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def noting(data: bytes) -> bytes:
        threads.append(threading.current_thread().name)
        return b64encode(data)

    monkeypatch.setattr(speech_batch, "b64encode", noting)
    assert sent(server, {"model": "tts-1", "input": "Fine."}).status_code == 200
    assert len(threads) == 1 and threads[0] != "server", "the loop of the server runs in the thread of this name"
