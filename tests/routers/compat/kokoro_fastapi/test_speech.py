from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import httpx
import numpy as np
import pytest

from tests.audio import decoded

TEXT = "Hello world, this is a test."
CHARACTER_SECONDS = 0.06
"""The tone's."""
PATH = "/v1/audio/speech"
CAPTIONS = "/dev/captioned_speech"


def seconds(data: bytes) -> float:
    samples, rate = decoded(data)
    return len(samples) / rate


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("format", ["mp3", "opus", "aac", "flac", "wav"])
async def test_a_text_is_a_file_at_24_khz(client: httpx.AsyncClient, format: str, stream: bool) -> None:
    body = {"model": "kokoro", "input": TEXT, "voice": "low", "response_format": format, "stream": stream}
    answer = await client.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == f"attachment; filename=speech.{format}"
    assert ("content-length" in answer.headers) is not stream
    samples, rate = decoded(answer.content)
    assert rate == (48_000 if format == "opus" else 24_000)
    assert len(samples) / rate == pytest.approx(len(TEXT) * CHARACTER_SECONDS, abs=0.15)


@pytest.mark.parametrize("model", ["kokoro", "tts-1", "tts-1-hd", "gpt-4o-mini-tts", "tone", None])
async def test_models_and_the_default_voice(client: httpx.AsyncClient, model: str | None) -> None:
    answer = await client.post(PATH, json={"input": TEXT, "model": model} if model else {"input": TEXT})
    assert (answer.headers["x-engine"], answer.headers["x-voice"]) == ("tone", "low")


@pytest.mark.parametrize("format", ["wav", "mp3", "pcm"])
@pytest.mark.parametrize("stream", [True, False])
async def test_pauses(client: httpx.AsyncClient, format: str, stream: bool) -> None:
    body = {"input": "[pause:0.5s]Hello. [pause:1.5s]World.[pause:1s]", "response_format": format, "stream": stream}
    answer = await client.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    spoken = 12 * CHARACTER_SECONDS + 3.0
    length = len(answer.content) / 48_000 if format == "pcm" else seconds(answer.content)
    assert length == pytest.approx(spoken, abs=0.15)
    if format != "mp3":
        raw = np.frombuffer(answer.content, np.int16).astype(np.float32) / 32768 if format == "pcm" else None
        samples = decoded(answer.content)[0] if raw is None else raw
        loud = np.abs(samples) > 0.01
        assert not loud[: int(0.45 * 24_000)].any() and not loud[-int(0.95 * 24_000) :].any()
        assert loud[int(0.6 * 24_000) : int(0.8 * 24_000)].any()


async def test_voices_and_rates_within_a_text(client: httpx.AsyncClient) -> None:
    text = "Hello there. [voice:high]Hello there. [rate:2]Hello there. [voice:me]Hello there."
    body = {"input": text, "response_format": "wav", "allow_voice_tags": True, "voice_aliases": {"me": "low"}}
    answer = await client.post(PATH, json=body)
    plain = await client.post(PATH, json={**body, "allow_voice_tags": False})
    assert seconds(answer.content) == pytest.approx(3.5 * 12 * CHARACTER_SECONDS, abs=0.25)
    assert seconds(plain.content) == pytest.approx(len(text) * CHARACTER_SECONDS, abs=0.25)


async def test_loudness(client: httpx.AsyncClient) -> None:
    body = {"input": TEXT, "response_format": "wav", "stream": False}
    levels = []
    for volume in (1.0, 0.5, 10.0):
        answer = await client.post(PATH, json={**body, "volume_multiplier": volume})
        samples = decoded(answer.content)[0]
        levels.append(float(np.abs(samples).max()))
    assert levels[1] == pytest.approx(levels[0] / 2, rel=0.02) and levels[0] < levels[2] <= 1.0


@pytest.mark.parametrize("text", [TEXT, f"{TEXT}[pause:0.3s] More."])
async def test_a_download_link(client: httpx.AsyncClient, text: str) -> None:
    for stream in (True, False):
        body = {"input": text, "response_format": "wav", "return_download_link": True, "stream": stream}
        answer = await client.post(PATH, json=body)
        path = answer.headers["x-download-path"]
        assert path.startswith("/download/") and path.endswith(".wav")
        kept = await client.get(f"/v1{path}")
        assert kept.status_code == 200 and kept.headers["content-type"].startswith("audio/")
        assert seconds(kept.content) == pytest.approx(seconds(answer.content), abs=0.01)
    for name in ("nosuch.wav", "..%2F..%2Fetc", "a" * 99):
        assert (await client.get(f"/v1/download/{name}")).status_code in (404, 422)


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_captions_as_they_are_made(client: httpx.AsyncClient) -> None:
    answer = await client.post(CAPTIONS, json={"input": "One two. And three.", "response_format": "pcm"})
    told = lines(answer)
    assert all(set(line) == {"audio", "audio_format", "timestamps"} for line in told)
    assert told[0]["audio_format"] == "audio/pcm"
    length = len(b"".join(b64decode(line["audio"]) for line in told)) / 48_000
    words = [word for line in told for word in line["timestamps"]]
    assert [word["word"] for word in words] == ["One", "two.", "And", "three."]
    starts = [word["start_time"] for word in words]
    assert starts == sorted(starts) and words[-1]["end_time"] <= length


async def test_captions_in_one_object(client: httpx.AsyncClient) -> None:
    text = "One. [pause:1s][voice:high]Two."
    body = {"input": text, "response_format": "wav", "stream": False, "allow_voice_tags": True, "voice": "low"}
    answer = (await client.post(CAPTIONS, json=body)).json()
    (one, two) = answer["timestamps"]
    assert (one["voice"], two["voice"]) == ("low", "high")
    assert two["start_time"] - one["end_time"] > 0.9
    assert seconds(b64decode(answer["audio"])) == pytest.approx(8 * CHARACTER_SECONDS + 1.0, abs=0.2)
    silent = (await client.post(CAPTIONS, json={**body, "return_timestamps": False})).json()
    assert silent["timestamps"] is None


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        (PATH, {"input": TEXT, "model": "nosuch"}, 400, "invalid_model"),
        (PATH, {"input": TEXT, "voice": "nosuch"}, 400, "validation_error"),
        (PATH, {"input": "[pause:1s]"}, 400, "validation_error"),
        (PATH, {"input": "[pause:60s]" * 6 + "A"}, 400, "validation_error"),
        (PATH, {"input": "A [voice:nosuch] B", "allow_voice_tags": True, "stream": False}, 400, "validation_error"),
        (PATH, {"input": "A [voice:high] B [voice:nosuch] C", "allow_voice_tags": True}, 400, "validation_error"),
        (CAPTIONS, {"input": "A [voice:nosuch] B", "allow_voice_tags": True}, 400, "validation_error"),
        (PATH, {"input": "explode"}, 500, "processing_error"),
        (CAPTIONS, {"input": "explode"}, 500, "processing_error"),
        (CAPTIONS, {"input": "a" * 2001}, 400, "validation_error"),
    ],
)
async def test_errors(client: httpx.AsyncClient, path: str, body: dict[str, Any], status: int, error: str) -> None:
    answer = await client.post(path, json=body)
    assert (answer.status_code, answer.json()["detail"]["error"]) == (status, error)


@pytest.mark.parametrize(
    "body", [{}, {"input": 5}, {"input": TEXT, "speed": 9}, {"input": TEXT, "volume_multiplier": -1}]
)
async def test_fields_that_are_wrong(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await client.post(PATH, json=body)
    assert answer.status_code == 422 and answer.json()["detail"][0]["loc"][0] == "body"


@pytest.mark.parametrize("path", ["/nosuch", "/v1/nosuch", "/v1/audio/nosuch"])
async def test_paths_that_are_not_there_are_told_in_its_own_words(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404 and "detail" in answer.json(), answer.text
