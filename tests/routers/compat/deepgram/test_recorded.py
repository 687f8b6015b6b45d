"""POST /v1/listen over the whole server."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest

from middleware.listener import default_listener
from routers.app import build_app
from routers.compat.deepgram.options import DeepgramOptions
from routers.services import build_services
from stts.settings import Settings
from tests import patient
from tests.fakes import registry
from tests.routers.compat.deepgram.caller import HEADERS
from tests.routers.compat.recordings import silence, twice, weather
from tests.routers.websocket.caller import pcm, spoken
from tests.server import RunningServer

pytestmark = pytest.mark.socket


def listen(
    served: RunningServer, data: bytes, headers: dict[str, str] | None = None, /, **query: Any
) -> httpx.Response:
    sent = {"Content-Type": "audio/wav", **HEADERS, **(headers or {})}
    return patient.post(f"{served.url}/v1/listen", params=query, content=data, headers=sent)


def test_a_recording(served: RunningServer) -> None:
    data = weather()[1]
    answer = listen(served, data, model="nova-3", smart_format="true", extra="who:me", tag="a")
    body = answer.json()
    metadata, (channel,) = body["metadata"], body["results"]["channels"]
    assert answer.headers["dg-request-id"] == metadata["request_id"]
    assert metadata["sha256"] == hashlib.sha256(data).hexdigest()
    assert metadata["duration"] == pytest.approx(4.82, abs=0.02)
    assert (metadata["extra"], metadata["tags"]) == ({"who": "me"}, ["a"])
    assert metadata["model_info"][metadata["models"][0]]["arch"] == "echo"
    (said,) = channel["alternatives"]
    times = [time for word in said["words"] for time in (word["start"], word["end"])]
    assert times == sorted(times) and times[-1] <= metadata["duration"]
    assert said["transcript"].split() == [word["punctuated_word"] for word in said["words"]]
    assert said["paragraphs"]["paragraphs"][0]["num_words"] == len(said["words"])
    assert "detected_language" not in channel and "utterances" not in body["results"]


def test_utterances_paragraphs_and_languages(served: RunningServer) -> None:
    body = listen(served, twice()[1], utterances="true", paragraphs="true", detect_language="true").json()
    (channel,), utterances = body["results"]["channels"], body["results"]["utterances"]
    assert channel["detected_language"] == "en"
    assert len(utterances) == 2 and utterances[0]["end"] < utterances[1]["start"]
    assert all(each["words"][0]["start"] >= each["start"] for each in utterances)
    assert len(channel["alternatives"][0]["paragraphs"]["paragraphs"]) == 2


def test_silence(served: RunningServer) -> None:
    (channel,) = listen(served, silence()[1]).json()["results"]["channels"]
    assert channel["alternatives"] == [{"transcript": "", "confidence": 0.0, "words": []}]


def test_each_channel_is_heard_by_itself(served: RunningServer) -> None:
    left = np.concatenate([spoken(1.6), np.zeros(3 * 16_000, np.float32)])
    data = np.stack([np.frombuffer(pcm(each), "<i2") for each in (left, left[::-1] * 0)], axis=1).tobytes()
    raw: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16_000, "channels": 2}
    body = listen(served, data, model="echo", multichannel="true", utterances="true", **raw).json()
    first, second = body["results"]["channels"]
    assert first["alternatives"][0]["words"] and not second["alternatives"][0]["words"]
    assert {each["channel"] for each in body["results"]["utterances"]} == {0}
    assert body["metadata"]["channels"] == 2
    (mono,) = listen(served, weather()[1], model="echo", multichannel="true").json()["results"]["channels"]
    assert mono["alternatives"][0]["words"]
    assert listen(served, b"no audio " * 99, model="echo", multichannel="true").status_code == 400


@pytest.mark.parametrize("content_type", ["audio/l16", "application/octet-stream", ""])
def test_audio_without_a_container(served: RunningServer, content_type: str) -> None:
    data = pcm(spoken(1.6))
    body = listen(served, data, {"Content-Type": content_type}, encoding="linear16", sample_rate=16000).json()
    assert body["metadata"]["duration"] == pytest.approx(1.6, abs=0.01)
    assert body["results"]["channels"][0]["alternatives"][0]["words"]


def test_a_file_of_which_the_encoding_is_told_as_well(served: RunningServer) -> None:
    body = listen(served, silence()[1], encoding="linear16", sample_rate=8000).json()
    assert body["metadata"]["duration"] == pytest.approx(2.0, abs=0.01)


def test_what_is_not_done_is_told(served: RunningServer) -> None:
    body = listen(served, silence()[1], diarize="true", summarize="v2", topics="false").json()
    assert [each["parameter"] for each in body["metadata"]["warnings"]] == ["diarize", "summarize"]


@pytest.mark.parametrize(
    ("data", "headers", "query", "status", "told"),
    [
        (b"", {}, {}, 400, "no body"),
        (b"no audio at all " * 100, {}, {}, 400, "corrupt or unsupported data"),
        (b'{"url": "http://127.0.0.1/a.wav"}', {"Content-Type": "application/json"}, {}, 403, "fetches nothing"),
        (b'{"file": 1}', {"Content-Type": "application/json"}, {}, 400, "url"),
        (b"[]", {"Content-Type": "application/json"}, {}, 400, "object"),
        (b"{", {"Content-Type": "application/json"}, {}, 400, "JSON"),
        (b"x", {}, {"model": "nosuch"}, 400, "No such model/language/tier combination found"),
        (b"x", {}, {"encoding": "speex"}, 400, "encoding"),
        (b"x", {}, {"redact": "pii"}, 400, "redact"),
        (b"x", {"Authorization": "Token wrong"}, {}, 401, "key"),
    ],
)
def test_what_is_refused(
    served: RunningServer, data: bytes, headers: dict[str, str], query: dict[str, str], status: int, told: str
) -> None:
    answer = listen(served, data, headers, **query)
    body = answer.json()
    assert answer.status_code == status and told in body["err_msg"]
    assert set(body) == {"err_code", "err_msg", "request_id"} and body["request_id"] == answer.headers["dg-request-id"]


def test_paths_of_other_dialects_are_not_here(served: RunningServer) -> None:
    for method, path in (
        ("POST", "/stt"),
        ("POST", "/v1/audio/transcriptions"),
        ("GET", "/health"),
        ("GET", "/v2/listen"),
    ):
        answer = patient.request(method, f"{served.url}{path}", headers=HEADERS)
        assert answer.status_code in (404, 405) and "err_code" in answer.json(), path


async def test_addresses_that_the_operator_allows_are_fetched(settings: Settings) -> None:
    async with answering(weather()[1]) as url:
        services = build_services(settings, registry=registry())
        options = DeepgramOptions.model_validate({"allowed_urls": [url.rpartition("/")[0] + "/"]})
        app = build_app(services, replace(default_listener(services.settings, ("deepgram",)), options=options))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=HEADERS) as client:
            body = (await client.post("/v1/listen?model=echo", json={"url": url})).json()
            elsewhere = await client.post("/v1/listen?model=echo", json={"url": "http://127.0.0.1:1/a.wav"})
            gone = await client.post("/v1/listen?model=echo", json={"url": f"{url}.gone"})
        await services.engines.close()
    assert body["metadata"]["duration"] == pytest.approx(4.82, abs=0.02)
    assert (elsewhere.status_code, elsewhere.json()["err_code"]) == (403, "INSUFFICIENT_PERMISSIONS")
    assert (gone.status_code, gone.json()["err_code"]) == (400, "REMOTE_CONTENT_ERROR")


@asynccontextmanager
async def answering(data: bytes) -> AsyncIterator[str]:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        status = b"404 Not Found" if b".gone" in head else b"200 OK"
        writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(data), data))
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/calls/a.flac"
