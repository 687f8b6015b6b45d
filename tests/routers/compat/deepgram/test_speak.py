"""POST and WS /v1/speak, and /v1/models, over the whole server."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.exceptions import InvalidStatus

from stts.audio import g711
from tests import patient
from tests.audio import decoded
from tests.routers.compat.deepgram.caller import HEADERS, calling
from tests.server import RunningServer

TEXT = "Hello there."
SECONDS = 0.06 * len(TEXT)


def speak(served: RunningServer, body: object = None, **query: Any) -> httpx.Response:
    body = {"text": TEXT} if body is None else body
    return patient.post(f"{served.url}/v1/speak", params={"model": "tone", **query}, json=body, headers=HEADERS)


@pytest.mark.parametrize(
    ("query", "media_type", "rate"),
    [
        ({}, "audio/mpeg", 22_050),
        ({"encoding": "linear16"}, "audio/wav", 24_000),
        ({"encoding": "linear16", "sample_rate": 8000}, "audio/wav", 8_000),
        ({"encoding": "opus"}, "audio/ogg", 48_000),
        ({"encoding": "opus", "container": "ogg"}, "audio/ogg", 48_000),
        ({"encoding": "flac"}, "audio/flac", 48_000),
        ({"encoding": "aac"}, "audio/aac", 22_050),
        ({"encoding": "mulaw"}, "audio/wav", 8_000),
        ({"encoding": "alaw", "container": "wav"}, "audio/wav", 8_000),
    ],
)
def test_files(served: RunningServer, query: dict[str, Any], media_type: str, rate: int) -> None:
    answer = speak(served, **query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["dg-char-count"] == str(len(TEXT)) and answer.headers["dg-model-name"] == "tone"
    samples, found = decoded(answer.content)
    assert found == rate and len(samples) / rate == pytest.approx(SECONDS, abs=0.1)


def test_samples_without_a_header(served: RunningServer) -> None:
    plain = speak(served, encoding="linear16", container="none")
    assert len(plain.content) / 2 / 24_000 == pytest.approx(SECONDS, abs=0.02)
    samples = np.frombuffer(speak(served, encoding="linear16", container="none", sample_rate=8000).content, "<i2")
    coded = speak(served, encoding="mulaw", container="none")
    assert coded.headers["content-type"] == "audio/basic"
    assert coded.content == g711.encode("pcmu", samples.astype(np.int16))


def test_the_hosted_voices_are_the_voice_of_the_listener(served: RunningServer) -> None:
    assert speak(served, model="aura-2-thalia-en").headers["x-engine"] == "tone"
    assert speak(served, model="aura-asteria-en", speed=1.2).status_code == 200
    assert speak(served, model="high").headers["x-voice"] == "high"


@pytest.mark.parametrize(
    ("body", "query", "status"),
    [
        ({"text": ""}, {}, 400),
        ({}, {}, 400),
        ({"url": "http://127.0.0.1/text"}, {}, 400),
        ({"text": 5}, {}, 400),
        ({"text": "x" * 100_000_0}, {}, 413),
        ({"text": TEXT}, {"model": "nosuch voice"}, 400),
        ({"text": TEXT}, {"model": "x" * 500}, 400),
        ({"text": TEXT}, {"encoding": "wma"}, 400),
        ({"text": TEXT}, {"encoding": "mp3", "container": "wav"}, 400),
        ({"text": TEXT}, {"encoding": "opus", "sample_rate": 44100}, 400),
        ({"text": TEXT}, {"encoding": "linear16", "sample_rate": 10**12}, 400),
        ({"text": TEXT}, {"speed": 99}, 400),
        ({"text": TEXT}, {"speed": "nan"}, 400),
        ({"text": TEXT}, {"callback": "https://elsewhere.example"}, 400),
        ({"text": "explode"}, {}, 500),
    ],
)
def test_what_is_refused(served: RunningServer, body: object, query: dict[str, Any], status: int) -> None:
    answer = speak(served, body, **query)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"err_code", "err_msg", "request_id"}


async def test_text_that_is_still_being_written(served: RunningServer) -> None:
    async with calling(served, path="/v1/speak", model="tone", encoding="linear16", sample_rate=16_000) as caller:
        opened = await caller.until("Metadata")
        assert opened["model_name"] == "tone" and opened["request_id"]
        for word in ("Hello ", "there."):
            await caller.send("Speak", text=word)
        await caller.send("Flush")
        assert (await caller.until("Flushed"))["sequence_id"] == 0
        assert sum(map(len, caller.audio)) / 2 / 16_000 == pytest.approx(SECONDS, abs=0.1)
        await caller.send("Speak", text="Again.")
        await caller.send("Close")
        await caller.ended()
    assert caller.code == 1000 and [each["sequence_id"] for each in caller.of("Flushed")] == [0, 1]


async def test_what_was_cleared_is_not_heard(served: RunningServer) -> None:
    async with calling(served, path="/v1/speak", model="tone") as caller:
        await caller.send("Speak", text="Nobody hears this")
        await caller.send("Clear")
        await caller.until("Cleared")
        await caller.send("Speak", text="Heard.")
        await caller.send("Flush")
        await caller.until("Flushed")
    assert sum(map(len, caller.audio)) / 2 / 24_000 == pytest.approx(0.06 * 6, abs=0.1)


async def test_samples_of_telephones(served: RunningServer) -> None:
    async with calling(served, path="/v1/speak", model="tone", encoding="mulaw", sample_rate=8000) as caller:
        await caller.send("Speak", text=TEXT)
        await caller.send("Flush")
        await caller.until("Flushed")
    assert sum(map(len, caller.audio)) / 8000 == pytest.approx(SECONDS, abs=0.1)


async def test_what_goes_wrong_with_one_text_is_told_and_the_socket_lives_on(served: RunningServer) -> None:
    async with calling(served, path="/v1/speak", model="tone") as caller:
        await caller.send("Speak", text="explode now.")
        await caller.send("Flush")
        await caller.until("Flushed")
        assert caller.of("Warning")[0]["code"]
        for garbage in ("garbage", "{}", '{"type":"Speak"}', '{"type":"Speak","text":5}', b"binary"):
            await caller.connection.send(garbage)
            assert (await caller.until("Error"))["variant"] == "SchemaError"
        await caller.send("Speak", text="x" * 1_000_000)
        await caller.until("Error")
        await caller.send("Flush")
        await caller.until("Flushed")


@pytest.mark.parametrize("query", ["encoding=mp3", "model=nosuch+voice", "sample_rate=1", "container=wav"])
async def test_what_is_refused_before_the_socket_is_open(served: RunningServer, query: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await patient.connect(f"ws{served.url.removeprefix('http')}/v1/speak?{query}", additional_headers=HEADERS)
    assert caught.value.response.status_code == 400
    assert json.loads(caught.value.response.body or b"{}")["err_code"] == "Bad Request"


def test_models(served: RunningServer) -> None:
    body = patient.get(f"{served.url}/v1/models", headers=HEADERS).json()
    assert {"echo", "quick"} <= {each["canonical_name"] for each in body["stt"]}
    (low,) = [each for each in body["tts"] if each["canonical_name"] == "low" and each["architecture"] == "tone"]
    assert patient.get(f"{served.url}/v1/models/{low['uuid']}", headers=HEADERS).json() == low
    missing = patient.get(f"{served.url}/v1/models/nosuch", headers=HEADERS)
    assert (missing.status_code, missing.json()["err_code"]) == (404, "NOT_FOUND")
