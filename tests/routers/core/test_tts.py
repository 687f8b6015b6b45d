from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from routers.app import create_app
from stts.settings import EngineSettings, Settings
from tests.audio import decoded
from tests.fakes import registry

TEXT = "A tone of forty characters, near enough."


@asynccontextmanager
async def served(settings: Settings, **tts: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server of its own."""
    changed = settings.model_copy(update={"tts": settings.tts.model_copy(update=tts)})
    transport = httpx.ASGITransport(create_app(changed, registry=registry()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def speak(client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    return await client.post("/tts", json={"text": TEXT} | fields)


@pytest.mark.parametrize("format", ["wav", "mp3", "opus", "aac", "flac"])
@pytest.mark.parametrize("stream", [True, False])
async def test_every_format_is_one_valid_file_of_the_right_length(
    client: httpx.AsyncClient, format: str, stream: bool
) -> None:
    answer = await speak(client, format=format, stream=stream)
    assert answer.status_code == 200
    samples, rate = decoded(answer.content)
    assert len(samples) / rate == pytest.approx(len(TEXT) * 0.06, abs=0.15)
    assert float(np.sqrt(np.mean(samples**2))) > 0.2
    assert ("content-length" in answer.headers) is not stream


async def test_pcm_is_what_the_headers_say(client: httpx.AsyncClient) -> None:
    answer = await speak(client, format="pcm", sample_rate=8000, channels=2)
    assert answer.headers["x-sample-rate"] == "8000"
    assert len(answer.content) / (8000 * 4) == pytest.approx(len(TEXT) * 0.06, abs=0.1)


async def test_a_whole_wav_has_its_sizes(client: httpx.AsyncClient) -> None:
    answer = await speak(client, stream=False)
    assert int.from_bytes(answer.content[4:8], "little") == len(answer.content) - 8
    assert int.from_bytes(answer.content[40:44], "little") == len(answer.content) - 44
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert float(answer.headers["x-audio-duration"]) == pytest.approx(len(TEXT) * 0.06, abs=0.1)


@pytest.mark.parametrize("format", ["wav", "flac", "mp3", "opus"])
async def test_readers_know_the_length_of_an_answer_that_was_made_at_once(
    settings: Settings, tmp_path: Path, format: str
) -> None:
    """The request does not ask for a stream."""
    async with served(settings, whole_seconds=10.0) as client:
        answer = await client.get("/tts", params={"text": TEXT, "format": format})
    path = tmp_path / f"speech.{'ogg' if format == 'opus' else format}"
    path.write_bytes(answer.content)
    assert int(answer.headers["content-length"]) == len(answer.content)
    seconds = float(answer.headers["x-audio-duration"])
    assert seconds == pytest.approx(len(TEXT) * 0.06, abs=0.1)
    assert soundfile.info(path).duration == pytest.approx(seconds, abs=0.001)
    assert len(soundfile.read(path)[0]) == soundfile.info(path).frames


@pytest.mark.parametrize("whole_seconds", [0.0, 0.1])
async def test_an_answer_that_is_not_made_at_once_is_streamed(settings: Settings, whole_seconds: float) -> None:
    engines = EngineSettings(options={"tone": {"speed": 4.0}})
    async with served(settings.model_copy(update={"engines": engines}), whole_seconds=whole_seconds) as client:
        answer = await speak(client)
    assert "content-length" not in answer.headers and "x-audio-duration" not in answer.headers
    assert answer.content[40:44] == b"\xff\xff\xff\xff"


async def test_a_streamed_wav_says_that_its_length_is_unknown(client: httpx.AsyncClient) -> None:
    answer = await speak(client, stream=True)
    assert answer.content[4:8] == answer.content[40:44] == b"\xff\xff\xff\xff"


async def test_the_answer_says_what_spoke_and_when(client: httpx.AsyncClient) -> None:
    answer = await speak(client, stream=True)
    assert (answer.headers["x-engine"], answer.headers["x-voice"]) == ("tone", "low")
    assert "queue;dur=" in answer.headers["server-timing"] and "first;dur=" in answer.headers["server-timing"]
    whole = await speak(client, stream=False)
    assert "total;dur=" in whole.headers["server-timing"] and "encode;dur=" in whole.headers["server-timing"]


async def test_a_query_speaks_as_a_body_does(client: httpx.AsyncClient) -> None:
    query = {"channels": "2", "text": TEXT, "voice": "high", "format": "pcm", "frequency": "440", "stream": "false"}
    got = await client.get("/tts", params=query)
    posted = await client.post("/tts", json={**query, "frequency": 440, "channels": 2})
    assert got.status_code == 200
    assert got.headers["x-voice"] == "high"
    assert got.content == posted.content


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"voice_id": "high"}, {"voice": "high"}),
        ({"voice_path": "high"}, {"voice": "high"}),
        ({"speed_factor": 2.0}, {"speed": 2.0}),
        ({"format": "MP3"}, {"output_format": "mp3"}),
        ({"remove_silence": True}, {"trim_silence": True}),
        ({"seed": 0}, {}),
    ],
)
async def test_older_names_are_aliases(client: httpx.AsyncClient, older: dict[str, Any], newer: dict[str, Any]) -> None:
    first, second = await speak(client, stream=False, **older), await speak(client, stream=False, **newer)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert first.headers["x-voice"] == second.headers["x-voice"]


async def test_ogg_is_another_name_of_opus(client: httpx.AsyncClient) -> None:
    answer = await speak(client, format="ogg")
    assert answer.headers["content-type"] == "audio/ogg"
    assert answer.content.startswith(b"OggS")


async def test_speed_changes_the_length(client: httpx.AsyncClient) -> None:
    normal, fast = await speak(client, format="pcm"), await speak(client, format="pcm", speed=2.0)
    assert len(fast.content) / len(normal.content) == pytest.approx(0.5, abs=0.05)


async def test_an_engine_parameter_reaches_the_engine(client: httpx.AsyncClient) -> None:
    samples = np.frombuffer((await speak(client, format="pcm", frequency=1000)).content, np.int16)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * 16_000 / len(samples) == pytest.approx(1000, abs=5)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"text": ""}, "invalid_text", None),
        ({"text": "\x00\x01\n  "}, "invalid_text", None),
        ({"text": "x" * 2001}, "text_too_long", None),
        ({"text": None}, "invalid_request", "text"),
        ({"text": ["a"]}, "invalid_request", "text"),
        ({"engine": "nosuch"}, "unknown_engine", "engine"),
        ({"engine": "echo"}, "unknown_engine", "engine"),
        ({"engine": "tone", "voice": "nosuch"}, "unknown_voice", "voice"),
        ({"voice": "../../etc/passwd"}, "unknown_voice", "voice"),
        ({"format": "wma"}, "invalid_request", "format"),
        ({"format": "mp3", "sample_rate": 96_000}, "unsupported_format", "sample_rate"),
        ({"sample_rate": 7999}, "unsupported_format", "sample_rate"),
        ({"channels": 3}, "invalid_request", "channels"),
        ({"speed": 0.2}, "invalid_request", "speed"),
        ({"speed": "fast"}, "invalid_request", "speed"),
        ({"pitch": 100}, "invalid_request", "pitch"),
        ({"engine": "tone", "frequency": 1}, "invalid_parameter", "frequency"),
        ({"engine": "tone", "exaggeration": 0.5}, "invalid_parameter", "exaggeration"),
        ({"engine": "tone", "language": "fr"}, "invalid_parameter", "language"),
    ],
)
async def test_what_cannot_be_done_is_a_clear_422(
    client: httpx.AsyncClient, fields: dict[str, Any], code: str, param: str | None
) -> None:
    answer = await speak(client, **fields)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, code)
    assert param is None or body["param"] == param or param in str(body.get("errors"))
    assert body["request_id"] == answer.headers["x-request-id"]
    assert "passwd" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "\\ud800"}',
        b'{"text": "hi", "speed": NaN}',
        b'{"text": "hi", "speed": 1e999}',
        b'{"text": "hi", "frequency": NaN}',
        b"{",
        b"\xff\xfe",
        b'["text"]',
        b'{"text":' + b"[" * 100_000,
    ],
)
async def test_malformed_bodies_are_4xx_and_the_server_goes_on(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/tts", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["request_id"]
    assert (await speak(client)).status_code == 200


async def test_ten_megabytes_are_refused(client: httpx.AsyncClient) -> None:
    answer = await speak(client, text="x" * 10_000_000)
    assert answer.status_code == 413
    assert "x" * 100 not in answer.text


async def test_an_engine_that_breaks_is_a_500_without_the_text(client: httpx.AsyncClient) -> None:
    answer = await speak(client, text="please explode", stream=False)
    assert (answer.status_code, answer.json()["code"]) == (500, "engine_failed")
    assert "explode" not in answer.text
    assert (await speak(client)).status_code == 200


async def test_what_is_saved_is_the_audio_that_was_sent(client: httpx.AsyncClient) -> None:
    answer = await speak(client, save=True, format="flac", stream=False)
    stored = await client.get(f"/files/{answer.headers['x-file-id']}/content")
    assert stored.content == answer.content


async def test_a_saved_wav_has_its_sizes(client: httpx.AsyncClient) -> None:
    answer = await speak(client, save=True)
    stored = (await client.get(f"/files/{answer.headers['x-file-id']}/content")).content
    assert stored[44:] == answer.content[44:]
    assert int.from_bytes(stored[40:44], "little") == len(stored) - 44


async def test_a_get_saves_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/tts", params={"text": TEXT, "save": "true"})
    assert (answer.status_code, answer.json()["param"]) == (422, "save")
    assert (await client.get("/files")).json()["total"] == 0


async def test_a_request_that_fails_leaves_no_file(client: httpx.AsyncClient) -> None:
    await speak(client, save=True, text="explode")
    assert (await client.get("/files")).json()["total"] == 0


@pytest.mark.parametrize("path", ["/tts", "/v1/audio/speech"])
@pytest.mark.parametrize("stream", [None, True, False])
@pytest.mark.parametrize("text", ["...", "—", "*", "。"])
async def test_a_text_of_marks_alone_is_a_silence_marked_in_a_header(
    client: httpx.AsyncClient, path: str, stream: bool | None, text: str
) -> None:
    names = {"text": text} if path == "/tts" else {"model": "tts-1", "input": text}
    answer = await client.post(path, json={**names, "stream": stream})
    assert answer.status_code == 200
    assert answer.headers["x-silence"] == "true"
    samples, rate = decoded(answer.content)
    assert 0.1 <= len(samples) / rate < 0.3
    assert float(np.abs(samples).max()) < 0.001


async def test_speech_is_not_marked_as_silence(client: httpx.AsyncClient) -> None:
    assert "x-silence" not in (await speak(client)).headers


@pytest.mark.parametrize("stream", ["false", None])
async def test_players_may_seek_in_what_has_a_length(settings: Settings, stream: str | None) -> None:
    asked = {"text": "Hi.", "format": "wav"} | ({"stream": stream} if stream else {})
    async with served(settings, whole_seconds=10.0) as client:
        whole = await client.get("/tts", params=asked)
        seek = {"Range": "bytes=100-199", "If-Range": whole.headers["etag"]}
        part = await client.get("/tts", params=asked, headers=seek)
    assert (whole.headers["accept-ranges"], whole.headers["content-length"]) == ("bytes", str(len(whole.content)))
    assert (part.status_code, part.content) == (206, whole.content[100:200])


async def test_and_are_told_where_they_may_not(client: httpx.AsyncClient) -> None:
    answer = await client.get("/tts", params={"text": TEXT, "stream": "true"}, headers={"Range": "bytes=0-"})
    assert (answer.status_code, answer.headers["accept-ranges"]) == (200, "none")


async def test_head_tells_the_form_without_speaking(client: httpx.AsyncClient) -> None:
    answer = await client.head("/tts", params={"text": "explode", "format": "mp3"})  # which its engine cannot speak
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "audio/mpeg", b"")
    assert answer.headers.keys().isdisjoint({"content-length", "cache-control", "accept-ranges", "etag", "x-cache"})
    assert (await client.head("/tts", params={"text": TEXT, "voice": "nobody"})).status_code == 422
    assert (await client.head("/tts")).status_code == 422
    assert (await client.delete("/tts")).headers["allow"] == "GET, HEAD, POST, OPTIONS"
