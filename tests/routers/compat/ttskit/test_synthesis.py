"""Speech in TTSKit's dialect: its headers and formats, batches with failures, previews, and its errors."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import httpx
import pytest

from middleware.listener import OutputDefaults
from routers.compat.ttskit.options import TTSKitOptions
from routers.services import Services
from tests.audio import decoded
from tests.routers.compat.ttskit.conftest import ttskit_client

SYNTH = "/api/v1/synth"


async def spoken(client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    answer = await client.post(SYNTH, json={"text": "Hello, world!", **fields})
    assert answer.status_code == 200, answer.text
    return answer


async def test_a_text_is_a_whole_ogg_with_the_headers_of_ttskit(client: httpx.AsyncClient) -> None:
    answer = await spoken(client, lang="en", engine=None, voice=None)
    assert answer.headers["content-type"] == "audio/ogg"
    assert answer.headers["content-disposition"] == "attachment; filename=synthesis.ogg"
    assert int(answer.headers["x-audio-size"]) == len(answer.content) == int(answer.headers["content-length"])
    assert (answer.headers["x-engine-used"], answer.headers["x-voice-used"]) == ("tone", "low")
    samples, rate = decoded(answer.content)
    assert float(answer.headers["x-audio-duration"]) == pytest.approx(len(samples) / rate, abs=0.05)
    assert answer.content[:4] == b"OggS"


@pytest.mark.parametrize(("format", "media_type"), [("mp3", "audio/mpeg"), ("wav", "audio/wav"), ("OGG", "audio/ogg")])
async def test_formats(client: httpx.AsyncClient, format: str, media_type: str) -> None:
    answer = await spoken(client, format=format)
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"].endswith(f"synthesis.{format.lower()}")


@pytest.mark.parametrize(
    ("format", "asked", "given"),
    [("wav", 8000, 8000), ("wav", 192_000, 192_000), ("mp3", 44_100, 44_100), ("mp3", 192_000, 48_000)],
)
async def test_rates_from_8_to_192_khz(client: httpx.AsyncClient, format: str, asked: int, given: int) -> None:
    answer = await spoken(client, format=format, sample_rate=asked, channels=2)
    assert (answer.headers["x-sample-rate"], answer.headers["x-channels"]) == (str(given), "2")


async def test_what_the_listener_says_holds_where_a_request_says_nothing(services: Services) -> None:
    output = OutputDefaults("mp3", voice="high", sample_rate=48_000, text_characters=20, parameters={"frequency": 440})
    async with ttskit_client(services, TTSKitOptions(channels=2), output) as client:
        answer = await spoken(client)
        assert (answer.headers["x-sample-rate"], answer.headers["x-channels"]) == ("48000", "2")
        assert (answer.headers["content-type"], answer.headers["x-voice-used"]) == ("audio/mpeg", "high")
        long = await client.post(SYNTH, json={"text": "A text that is too long."})
    assert (long.status_code, long.json()["error_type"]) == (400, "text_too_long")
    assert long.json()["detail"] == "Text too long: 24 characters (max: 20)"


async def test_rate_and_pitch(client: httpx.AsyncClient) -> None:
    plain, slow = await spoken(client, format="wav"), await spoken(client, format="wav", rate=0.1, pitch=-12)
    fast = await spoken(client, format="wav", rate=3.0, pitch=12)
    seconds = [float(each.headers["x-audio-duration"]) for each in (plain, slow, fast)]
    assert seconds[1] == pytest.approx(seconds[0] * 10, rel=0.05)
    assert seconds[2] == pytest.approx(seconds[0] / 3, rel=0.05)


async def test_a_language_stands_before_the_text(services: Services, client: httpx.AsyncClient) -> None:
    named, plain = await spoken(client, text="en: Hello, world!"), await spoken(client)
    assert named.headers["x-audio-duration"] == plain.headers["x-audio-duration"]
    foreign = await client.post(SYNTH, json={"text": "fa: سلام"})
    assert foreign.status_code == 400 and "language" in foreign.json()["detail"]
    async with ttskit_client(services, TTSKitOptions(language_prefix=False)) as literal:
        whole = await spoken(literal, text="en: Hello, world!")
    assert float(whole.headers["x-audio-duration"]) > float(plain.headers["x-audio-duration"])


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        ({"text": ""}, 422, "validation_error"),
        ({"text": "x" * 5001}, 422, "validation_error"),
        ({"text": " "}, 400, "validation_error"),
        ({"text": "Hello", "rate": 0.05}, 422, "validation_error"),
        ({"text": "Hello", "pitch": 13}, 422, "validation_error"),
        ({"text": "Hello", "format": "flac"}, 422, "validation_error"),
        ({"text": "Hello", "engine": "nosuch"}, 400, "validation_error"),
        ({"text": "Hello", "voice": "../etc/passwd"}, 400, "validation_error"),
        ({"text": "Hello", "lang": "xx-nonsense"}, 400, "validation_error"),
        ({"text": "explode"}, 500, "engine_error"),
        ({}, 422, "validation_error"),
    ],
)
async def test_errors_have_the_shape_of_ttskit(
    client: httpx.AsyncClient, fields: dict[str, Any], status: int, kind: str
) -> None:
    answer = await client.post(SYNTH, json=fields)
    assert (answer.status_code, answer.json()["error_type"]) == (status, kind)
    assert answer.json().keys() == {"detail", "error_type", "request_id"}
    assert answer.headers["content-type"] == "application/json"


async def test_a_batch_tells_of_each_text(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{SYNTH}/batch", json={"texts": ["Hello", "explode", "", "en: World"], "format": "wav"})
    told = answer.json()
    assert (told["success"], told["total_texts"], told["successful"], told["failed"]) == (True, 4, 2, 2)
    first, failed, empty, last = told["results"]
    assert failed.keys() == {"index", "success", "error"} and not failed["success"]
    assert empty["error"] == "Text is empty"
    assert (first["index"], first["engine"], first["voice"], first["format"]) == (0, "tone", "low", "wav")
    samples, rate = decoded(b64decode(first["audio_base64"]))
    assert first["size"] == len(b64decode(first["audio_base64"]))
    assert first["duration"] == pytest.approx(len(samples) / rate, abs=0.01)
    assert (last["index"], last["text"]) == (3, "en: World")


@pytest.mark.parametrize("texts", [[], ["Hello"] * 11, "Hello", [5]])
async def test_a_batch_has_one_to_ten_texts(client: httpx.AsyncClient, texts: Any) -> None:
    answer = await client.post(f"{SYNTH}/batch", json={"texts": texts, "rate": 9})
    assert answer.status_code == 422


async def test_a_preview_tells_what_would_speak(client: httpx.AsyncClient) -> None:
    told = (await client.get(f"{SYNTH}/preview", params={"text": "en: Hello, world!"})).json()
    assert told | {"available_engines": []} == {
        "success": True,
        "text_preview": "Hello, world!",
        "text_length": 13,
        "language": "en",
        "engine": "tone",
        "voice": "low",
        "estimated_duration": pytest.approx(0.87),
        "available_engines": [],
    }
    assert "tone" in told["available_engines"]
    refused = await client.get(f"{SYNTH}/preview", params={"text": "Hello", "engine": "nosuch"})
    assert refused.status_code == 400


async def test_paths_of_others_are_not_here(client: httpx.AsyncClient) -> None:
    for path in ("/tts?text=hello", "/v1/models", "/voices", "/api/v1/nothing"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["error_type"]) == (404, "not_found")
    wrong = await client.get(SYNTH)
    assert wrong.status_code == 405 and "POST" in wrong.headers["allow"]
