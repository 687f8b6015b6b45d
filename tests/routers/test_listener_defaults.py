"""Defaults of a listener at each route that speaks: they hold where its client says nothing."""

from __future__ import annotations

import base64
import io
import json
import wave
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from stts.settings import Settings
from tests import patient
from tests.audio import decoded
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.routers.websocket.caller import pcm, spoken
from tests.routers.websocket.reader import Reader, reading
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket

FREQUENCY = 440.0
"""Hz of the listener's tone; that of the engine is 220."""
OUTPUT: dict[str, Any] = {
    "engine": "tone",
    "voice": "high",
    "sample_rate": 22_050,
    "text_characters": 40,
    "parameters": {"frequency": FREQUENCY},
}
LONG = "This is longer than the listener lets a text be."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Its main listener says nothing; that at /own has defaults."""
    settings = Settings.model_validate(
        {
            "tts": {"order": ["blender", "tone"], "first_chunk_seconds": 10.0},
            "stt": {"order": ["echo"]},
            "storage": {"root": str(tmp_path_factory.mktemp("defaults") / "data")},
            "conversation": {"turn_detector": "none"},
            "openai": {"models": {"tts-1": "auto", "whisper-1": "auto"}},
            "listeners": {"own": {"path": "/own", "dialects": ["native", "openai", "management"], "output": OUTPUT}},
        }
    )
    with running(settings, registry(blender="tests.fakes:BlenderEngine")) as server:
        yield server


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with patient.Client(base_url=f"{server.url}/own") as client:
        yield client


def frequency(samples: np.ndarray[Any, Any], rate: int) -> float:
    """The loudest one, in Hz."""
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))


def of_pcm(data: bytes, rate: int) -> float:
    return frequency(np.frombuffer(data, "<i2").astype(np.float32), rate)


def near(hz: float) -> Any:
    return pytest.approx(hz, abs=10)


async def spoken_at(reader: Reader, *configs: dict[str, Any]) -> dict[str, Any]:
    await reader.say(*configs, {"type": "text", "text": "One short sentence."}, {"type": "end"})
    start = await reader.until("audio.start")
    await reader.until("audio.done")
    return start


@pytest.mark.parametrize("configs", [(), ({"type": "config", "speed": 1.0},)], ids=["none", "of other things"])
async def test_streamed_speech(server: RunningServer, configs: tuple[dict[str, Any], ...]) -> None:
    async with reading(server, "/own/ws/tts") as reader:
        start = await spoken_at(reader, *configs)
    assert (start["engine"], start["voice"], start["format"], start["sample_rate"]) == ("tone", "high", "pcm", 22_050)
    assert of_pcm(reader.data, 22_050) == near(FREQUENCY)


async def test_streamed_speech_as_its_client_says(server: RunningServer) -> None:
    async with reading(server, "/own/ws/tts") as reader:
        start = await spoken_at(reader, {"type": "config", "engine": "tone", "voice": "low", "sample_rate": 8000})
        assert (start["engine"], start["voice"], start["sample_rate"]) == ("tone", "low", 8000)
        start = await spoken_at(reader, {"type": "config", "engine": "blender"})
        assert start["engine"] == "blender"


async def test_streamed_speech_of_a_listener_without_defaults(server: RunningServer) -> None:
    async with reading(server, "/ws/tts") as reader:
        start = await spoken_at(reader)
        assert (start["engine"], start["voice"], start["sample_rate"]) == ("blender", "low", 16_000)
        await reader.say({"type": "text", "text": LONG}, {"type": "end"})
        assert not (await reader.until("audio.done"))["failed"]


async def test_streamed_speech_is_no_longer_than_the_listener_lets_it_be(server: RunningServer) -> None:
    async with reading(server, "/own/ws/tts") as reader:
        await reader.say({"type": "text", "text": LONG[:30]}, {"type": "text", "text": LONG[30:]})
        assert (await reader.until("error"))["code"] == "text_too_long"


def told(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


def test_an_exchange(http: httpx.Client) -> None:
    events = told(http.post("/conversation", json={"text": "Good morning to you."}))
    samples, rate = decoded(b"".join(base64.b64decode(e["audio"]) for e in events if e["type"] == "audio.delta"))
    assert (rate, events[-1]["sample_rate"]) == (22_050, 22_050)
    assert frequency(samples, rate) == near(FREQUENCY)
    answer = http.post("/conversation", json={"text": "Good morning.", "tts": "blender"}, headers={"accept": "audio/*"})
    assert answer.headers["x-engine"] == "blender"
    refused = http.post("/conversation", json={"text": LONG})
    assert (refused.status_code, refused.json()["code"]) == (422, "text_too_long")


@pytest.mark.parametrize(("query", "rate"), [({}, 22_050), ({"output_rate": 8000}, 8000)])
async def test_a_conversation(server: RunningServer, query: dict[str, Any], rate: int) -> None:
    url = f"{server.url.replace('http', 'ws')}/own/ws/conversation/v2?" + "&".join(f"{k}={v}" for k, v in query.items())
    async with patient.connect(url) as client:
        reader = Reader(client)
        created = await reader.until("session.created")
        assert created["output"]["rate"] == rate
        for number in range(2):
            await reader.say({"type": "text", "text": "Good morning to you."})
            await reader.until("reply.done")
            audio = b"".join(item[8:] for item in reader.told if isinstance(item, bytes))
            assert of_pcm(audio, rate) == near(FREQUENCY)
            reader.told.clear()
            if not number:
                await reader.say({"type": "session.update", "config": {"silence_ms": 400}})
                await reader.until("session.updated")


async def test_the_older_conversation(server: RunningServer) -> None:
    async with patient.connect(f"{server.url.replace('http', 'ws')}/own/ws/conversation", max_size=None) as client:
        reader = Reader(client)
        for config, expected in (({}, FREQUENCY), ({"config": {"voice_id": "low"}}, 200.0)):
            data = base64.b64encode(pcm(spoken())).decode()
            await reader.say({"type": "audio", "data": data, **config})
            response = await reader.until("conversation_response")
            samples, rate = decoded(base64.b64decode(response["audio_data"]))
            assert (rate, frequency(samples, rate)) == (24_000, near(expected))


async def realtime(server: RunningServer, path: str, *updates: dict[str, Any]) -> tuple[str, float]:
    """The voice that the session is told to have, and the frequency of a reply."""
    url = f"{server.url.replace('http', 'ws')}{path}/v1/realtime?model=gpt-realtime"
    async with patient.connect(url, max_size=None) as client:
        reader = Reader(client)
        session = (await reader.until("session.created"))["session"]
        for update in updates:
            await reader.say({"type": "session.update", "session": {"type": "realtime", **update}})
            session = (await reader.until("session.updated"))["session"]
        content = [{"type": "input_text", "text": "Good morning to you."}]
        item = {"type": "message", "role": "user", "content": content}
        await reader.say({"type": "conversation.item.create", "item": item}, {"type": "response.create"})
        done = await reader.until("response.done")
        assert done["response"]["status"] == "completed", done
    audio = b"".join(base64.b64decode(event["delta"]) for event in reader.of("response.output_audio.delta"))
    return session["audio"]["output"]["voice"], of_pcm(audio, 24_000)


async def test_realtime(server: RunningServer) -> None:
    assert await realtime(server, "/own") == ("high", near(FREQUENCY))
    assert await realtime(server, "/own", {"instructions": "Be short."}) == ("high", near(FREQUENCY))
    voice, hz = await realtime(server, "")
    assert voice == "alloy" and hz != near(FREQUENCY)
    assert (await realtime(server, "/own", {"audio": {"output": {"voice": "low"}}}))[0] == "low"


def test_a_few_texts_in_one_request(http: httpx.Client) -> None:
    items = [
        {"model": "tts-1", "input": text, "voice": "high", "response_format": "wav"}
        for text in ("One short sentence.", LONG)
    ]
    first, second = http.post("/v1/audio/speech/batch", json={"items": items}).json()["data"]
    samples, rate = decoded(base64.b64decode(first["audio"]))
    assert rate == 22_050 and frequency(samples, rate) == near(FREQUENCY)
    assert second["error"]["code"] == "text_too_long"


async def test_streamed_speech_of_the_other_dialect(server: RunningServer) -> None:
    async with reading(server, "/own/v1/audio/speech/stream") as reader:
        config = {"type": "session.config", "model": "tts-1", "voice": "high", "response_format": "wav"}
        await reader.say(config, {"type": "input.text", "text": "One short sentence."}, {"type": "input.done"})
        await reader.until("audio.done")
        await reader.say({"type": "input.text", "text": LONG})
        assert (await reader.until("error"))["code"] == "text_too_long"
    with wave.open(io.BytesIO(reader.data)) as file:
        assert file.getframerate() == 22_050
        assert of_pcm(file.readframes(10**6), 22_050) == near(FREQUENCY)


def test_a_job(http: httpx.Client) -> None:
    items = ["One short sentence.", {"text": "Another one.", "engine": "blender"}]
    answer = http.post("/jobs/speech", json={"items": items, "format": "wav"})
    assert answer.status_code == 202, answer.text
    job = answer.json()["id"]
    with http.stream("GET", f"/jobs/{job}/events", timeout=PATIENCE) as events:
        assert list(events.iter_lines())
    first, second = http.get(f"/jobs/{job}/items").json()["items"]
    assert (first["engine"], first["voice"], second["engine"]) == ("tone", "high", "blender")
    samples, rate = decoded(http.get(f"/jobs/{job}/items/0/content").content)
    assert rate == 22_050 and frequency(samples, rate) == near(FREQUENCY)


def test_a_job_with_a_text_over_the_limit(http: httpx.Client) -> None:
    refused = http.post("/jobs/speech", json={"items": ["Fine.", LONG]})
    assert (refused.status_code, refused.json()["code"], refused.json()["param"]) == (
        422,
        "text_too_long",
        "items[1].text",
    )
