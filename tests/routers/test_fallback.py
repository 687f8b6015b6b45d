"""Clients learn that another engine stood in: by headers, in `audio.start`, at /ready, /engines and /metrics."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from routers.app import create_app
from stts.settings import Settings
from tests import patient
from tests.adapters.fallback import frail_engines
from tests.adapters.fallback.frail_engines import FAULTS
from tests.audio import speech
from tests.server import running


def instance(engine: str, name: str) -> dict[str, Any]:
    return {"engine": engine, "options": {"id": name}}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            # Short answers are sent whole, however slow the machine is.
            "tts": {"order": ["a", "b"], "whole_seconds": 10.0},
            "stt": {"order": ["d", "e"]},
            "conversation": {"turn_detector": "none"},
            "storage": {"root": str(tmp_path)},
            "engines": {
                "instances": {
                    "a": instance("frail", "a"),
                    "b": instance("frail", "b"),
                    "d": instance("ear", "d"),
                    "e": instance("ear", "e"),
                }
            },
        }
    )


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    FAULTS.clear()
    app = create_app(settings, registry=frail_engines.registry())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        yield client
    FAULTS.clear()


@pytest.mark.parametrize("path", ["/tts", "/v1/audio/speech"])
async def test_speech_says_in_headers_who_stood_in(client: httpx.AsyncClient, path: str) -> None:
    body = {"text": "Hello there."} if path == "/tts" else {"model": "tts-1", "input": "Hello there.", "voice": "alloy"}
    answer = await client.post(path, json=body)
    assert (answer.status_code, answer.headers["x-engine"]) == (200, "a")
    assert "x-fallback" not in answer.headers
    FAULTS["a"] = "raise"
    answer = await client.post(path, json=body)
    assert (answer.status_code, answer.headers["x-engine"]) == (200, "b")
    assert answer.headers["x-fallback"] == "engine_failed"
    assert "a could not do this" in answer.headers["x-warnings"]


@pytest.mark.parametrize("accept", ["application/json", "audio/*"])
async def test_an_exchange_says_in_headers_who_stood_in(client: httpx.AsyncClient, accept: str) -> None:
    body = {"text": "Hello there.", "reply": "echo", "stream": False}
    answer = await client.post("/conversation", json=body, headers={"accept": accept})
    assert (answer.status_code, answer.headers["x-engine"], answer.headers["x-voice"]) == (200, "a", "anna")
    assert "x-fallback" not in answer.headers and "x-warnings" not in answer.headers
    FAULTS["a"] = "raise"
    answer = await client.post("/conversation", json=body, headers={"accept": accept})
    assert (answer.status_code, answer.headers["x-engine"], answer.headers["x-voice"]) == (200, "b", "anna")
    assert answer.headers["x-fallback"] == "engine_failed"
    assert "a could not do this" in answer.headers["x-warnings"]
    assert answer.headers["x-sample-rate"] == "16000"
    kind = answer.headers["content-type"]
    if accept == "audio/*":
        assert kind == "audio/wav"
    else:
        assert kind == "application/json"
        (warning,) = answer.json()["warnings"]
        assert "a could not do this" in warning


async def test_an_exchange_tells_at_its_end_who_stood_in(client: httpx.AsyncClient) -> None:
    FAULTS["a"] = "raise"
    answer = await client.post("/conversation", json={"text": "Hello there.", "reply": "echo"})
    done = json.loads(answer.text.split("data: ")[-1])
    assert done["type"] == "done" and "a could not do this" in done["warnings"][0]


@pytest.mark.parametrize("stream", [None, False])
async def test_a_voice_that_breaks_in_an_answer_that_is_sent_whole(
    client: httpx.AsyncClient, stream: bool | None
) -> None:
    whole = await client.post("/tts", json={"text": "Hello there.", "engine": "b", "stream": False})
    FAULTS["a"] = "middle"
    body = {"text": "Hello there.", "save": True} | ({} if stream is None else {"stream": stream})
    answer = await client.post("/tts", json=body)
    assert (answer.status_code, answer.headers["x-engine"]) == (200, "b")
    assert answer.headers["x-fallback"] == "engine_failed"
    assert answer.headers["x-audio-duration"] == whole.headers["x-audio-duration"]
    assert (answer.content, answer.headers["etag"]) == (whole.content, whole.headers["etag"])
    kept = await client.get(f"/files/{answer.headers['x-file-id']}/content")
    assert kept.content == whole.content
    assert len((await client.get("/files")).json()["files"]) == 1


async def test_a_voice_that_breaks_in_a_reply_that_is_sent_whole(client: httpx.AsyncClient) -> None:
    FAULTS["a"] = "middle"
    answer = await client.post("/conversation", data={"text": "Hello there.", "stream": "false"})
    whole = await client.post("/conversation", data={"text": "Hello there.", "stream": "false", "tts": "b"})
    assert (answer.status_code, whole.status_code) == (200, 200)
    assert answer.json()["audio"] == whole.json()["audio"]


@pytest.mark.parametrize("path", ["/stt", "/v1/audio/transcriptions", "/conversation"])
async def test_an_ear_that_breaks_in_a_transcript_that_is_sent_whole(client: httpx.AsyncClient, path: str) -> None:
    FAULTS["d"] = "middle"
    files = {"file": ("weather.flac", io.BytesIO(speech("weather.flac")))}
    fields = {"/v1/audio/transcriptions": {"model": "whisper-1"}, "/conversation": {"stream": "false"}}
    answer = await client.post(path, data=fields.get(path, {}), files=files)
    assert answer.status_code == 200
    text = answer.json()["transcript" if path == "/conversation" else "text"]
    assert set(text.split()) == {"e"}


@pytest.mark.parametrize("path", ["/stt", "/v1/audio/transcriptions"])
async def test_transcripts_say_in_headers_who_stood_in(client: httpx.AsyncClient, path: str) -> None:
    FAULTS["d"] = "raise"
    files = {"file": ("weather.flac", io.BytesIO(speech("weather.flac")))}
    answer = await client.post(path, data={"model": "whisper-1"} if path != "/stt" else {}, files=files)
    assert (answer.status_code, answer.headers["x-engine"]) == (200, "e")
    assert answer.headers["x-fallback"] == "engine_failed"
    assert answer.json()["warnings"]


async def test_operators_see_which_engine_rests(client: httpx.AsyncClient) -> None:
    FAULTS["a"] = "raise"
    for number in range(3):
        assert (await client.post("/tts", json={"text": f"Hello {number}."})).status_code == 200
    ready = (await client.get("/ready")).json()["engines"]
    assert (ready["a"]["breaker"], ready["a"]["available"]) == ("open", False)
    assert 0 < ready["a"]["probe_seconds"] <= 60
    assert (ready["b"]["breaker"], ready["b"]["available"]) == ("closed", True)
    shown = (await client.get("/engines/a")).json()["measured"]
    assert (shown["failures"], shown["last_error"]) == (3, "engine_failed")
    assert (await client.get("/engines/b")).json()["measured"]["first_seconds"] >= 0
    metrics = (await client.get("/metrics")).text
    assert 'stts_engine_available{engine="a",kind="tts"} 0.0' in metrics
    assert 'stts_engine_available{engine="b",kind="tts"} 1.0' in metrics
    assert 'stts_engine_breaker_open{engine="a",kind="tts"} 1.0' in metrics
    assert 'stts_fallbacks_total{code="engine_failed",engine="b",type="tts"} 3.0' in metrics
    assert (await client.post("/tts", json={"text": "Hello again."})).headers["x-fallback"] == "breaker_open"
    assert (await client.get("/info")).json()["auto"] == ["b", "d"]


@pytest.mark.socket
async def test_a_socket_says_it_before_the_audio(settings: Settings) -> None:
    FAULTS.clear()
    FAULTS["a"] = "raise"
    with running(settings, frail_engines.registry()) as server:
        async with patient.connect(f"ws{server.url.removeprefix('http')}/ws/tts") as socket:
            await socket.send(json.dumps({"type": "config", "format": "pcm"}))
            await socket.send(json.dumps({"type": "text", "text": "Hello there, how are you?"}))
            await socket.send(json.dumps({"type": "end"}))
            start: dict[str, Any] = {}
            async for message in socket:
                told = json.loads(message) if isinstance(message, str) else {}
                start = told if told.get("type") == "audio.start" else start
                if told.get("type") == "audio.done":
                    break
    FAULTS.clear()
    assert (start["engine"], start["fallback"]) == ("b", "engine_failed")
    assert start["warnings"]


async def spoken(settings: Settings, path: str, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """The events that a socket sends about one utterance."""
    events: list[dict[str, Any]] = []
    with running(settings, frail_engines.registry()) as server:
        async with patient.connect(f"ws{server.url.removeprefix('http')}{path}") as socket:
            for message in messages:
                await socket.send(json.dumps(message))
            async for told in socket:
                events += [json.loads(told)] if isinstance(told, str) else []
    return events


@pytest.mark.socket
async def test_a_socket_says_at_the_end_what_came_up_within(settings: Settings) -> None:
    settings = settings.model_copy(update={"routing": settings.routing.model_copy(update={"voice_may_change": True})})
    FAULTS.clear()
    frail_engines.HEARD.clear()
    FAULTS["a"] = "second"
    text = "Hello there. How are you today? The train to Leipzig leaves at nine."
    messages: list[dict[str, Any]] = [{"type": "text", "text": text}, {"type": "end"}, {"type": "close"}]
    events = await spoken(settings, "/ws/tts", {"type": "config", "format": "pcm"}, *messages)
    FAULTS.clear()
    (start,) = [event for event in events if event["type"] == "audio.start"]
    (done,) = [event for event in events if event["type"] == "audio.done"]
    assert start["engine"] == "a" and "fallback" not in start and "warnings" not in start
    assert (done["failed"], done["fallback"]) == (False, "engine_failed")
    assert done["warnings"] == ["a went no further (engine_failed); b did the rest."]


@pytest.mark.socket
async def test_the_speech_stream_says_who_stood_in(settings: Settings) -> None:
    FAULTS.clear()
    FAULTS["a"] = "raise"
    messages = [{"type": "session.config"}, {"type": "input.text", "text": "Hello there."}, {"type": "session.close"}]
    events = await spoken(settings, "/v1/audio/speech/stream", *messages)
    FAULTS.clear()
    (done,) = [event for event in events if event["type"] == "session.done"]
    assert done["stts"] == {"fallback": "engine_failed", "warnings": ["a could not do this (engine_failed); b did."]}


@pytest.mark.socket
@pytest.mark.parametrize(
    ("path", "told"),
    [("/ws/stt?turn_detection=false", "final"), ("/ws/conversation/v2?turn_detection=false", "transcript")],
)
async def test_live_words_say_who_stood_in(settings: Settings, path: str, told: str) -> None:
    FAULTS.clear()
    FAULTS["d"] = "raise"
    tone = (8000 * np.sin(2 * np.pi * 220 * np.arange(16_000) / 16_000)).astype("<i2").tobytes()
    with running(settings, frail_engines.registry()) as server:
        async with patient.connect(f"ws{server.url.removeprefix('http')}{path}") as socket:
            await socket.send(tone)
            await socket.send(json.dumps({"type": "commit"}))
            events = (json.loads(message) async for message in socket if isinstance(message, str))
            words = await anext(event async for event in events if event["type"] == told)
    FAULTS.clear()
    assert (words["text"], words["fallback"]) == ("e", "engine_failed")
