from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest

from middleware.listener import OutputDefaults
from routers.compat.elevenlabs.options import ElevenLabsOptions
from routers.services import Services
from stts.audio import g711
from tests.audio import decoded
from tests.routers.compat.elevenlabs.conftest import client_of

PATH = "/v1/text-to-dialogue"
INPUTS = [{"text": "Hello world.", "voice_id": "low"}, {"text": "Good evening.", "voice_id": "high"}]
SECONDS = sum(len(each["text"]) for each in INPUTS) * 0.06
"""The tone speaks 60 ms a character."""
PAUSE = 0.3


@pytest.mark.parametrize("path", [PATH, f"{PATH}/stream"])
@pytest.mark.parametrize("format", ["mp3_44100_128", "opus_48000_64", "wav_24000"])
async def test_several_voices_are_one_file(client: httpx.AsyncClient, path: str, format: str) -> None:
    answer = await client.post(path, params={"output_format": format}, json={"inputs": INPUTS})
    assert answer.status_code == 200, answer.text
    assert answer.headers["character-cost"] == str(sum(len(each["text"]) for each in INPUTS))
    assert ("content-length" in answer.headers) is (path == PATH)
    samples, rate = decoded(answer.content)
    assert len(samples) / rate == pytest.approx(SECONDS + PAUSE, abs=0.15)


async def test_another_speaker_has_a_pause_before_it(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, params={"output_format": "pcm_16000"}, json={"inputs": INPUTS})
    samples = np.frombuffer(answer.content, "<i2").astype(np.float32)
    cut = round(len(INPUTS[0]["text"]) * 0.06 * 16_000)
    assert len(samples) / 16_000 == pytest.approx(SECONDS + PAUSE, abs=0.05)
    assert np.abs(samples[cut + 800 : cut + round(PAUSE * 16_000) - 800]).max() < 10
    one = [{**each, "voice_id": "low"} for each in INPUTS]
    answer = await client.post(PATH, params={"output_format": "pcm_16000"}, json={"inputs": one})
    assert len(answer.content) / 2 / 16_000 == pytest.approx(SECONDS, abs=0.1)


async def test_for_telephones(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{PATH}/stream", params={"output_format": "ulaw_8000"}, json={"inputs": INPUTS})
    assert answer.headers["content-type"] == "audio/basic"
    assert len(g711.decode("pcmu", answer.content)) / 8000 == pytest.approx(SECONDS + PAUSE, abs=0.15)


async def test_unknown_voices_are_spoken_where_the_listener_says_so(services: Services) -> None:
    inputs = [{"text": "Hello.", "voice_id": "nosuch"}, {"text": "Hello.", "voice_id": "high"}]
    options = ElevenLabsOptions(unknown_voice="default")
    async with client_of(services, OutputDefaults("mp3", voice="low"), options) as client:
        assert (await client.post(PATH, json={"inputs": inputs})).status_code == 200


@pytest.mark.parametrize(
    ("inputs", "status", "word"),
    [
        ([INPUTS[0], {"text": "Hello.", "voice_id": "nosuch"}], 404, "voice_not_found"),
        ([{"text": "  ", "voice_id": "low"}], 400, "invalid_text"),
        ([{"text": "a", "voice_id": f"voice{number}"} for number in range(11)], 400, "invalid_text"),
        ([{"text": "a" * 1001, "voice_id": "low"}] * 2, 400, "max_character_limit_exceeded"),
    ],
)
async def test_what_is_refused(client: httpx.AsyncClient, inputs: list[Any], status: int, word: str) -> None:
    answer = await client.post(f"{PATH}/stream", json={"inputs": inputs})
    assert (answer.status_code, answer.json()["detail"]["status"]) == (status, word)


@pytest.mark.parametrize("inputs", [[], [{"text": "Hello."}], "Hello.", None])
async def test_fields_that_are_wrong(client: httpx.AsyncClient, inputs: object) -> None:
    assert (await client.post(PATH, json={"inputs": inputs})).status_code == 422
