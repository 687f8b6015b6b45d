"""Speech over a real socket: whole files, decoded and measured, in the voice of a file of the folder."""

from __future__ import annotations

from pathlib import Path

import httpx
import numpy as np
import pytest

from middleware.listener import OutputDefaults
from routers.compat.tts_discord.speech import without_tags
from stts.settings import Settings
from tests.audio import decoded
from tests.routers.compat.cloning_engines import OTHER, TURBO, OtherCloner, TurboLike, recording
from tests.routers.compat.tts_discord.conftest import discord

pytestmark = pytest.mark.socket

CEILING = 10 ** (-1 / 20)
"""-1 dBFS."""


def pitch(data: bytes) -> float:
    samples, rate = decoded(data)
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4]
    return float(np.argmax(np.abs(np.fft.rfft(middle))) * rate / len(middle))


@pytest.mark.parametrize("path", ["/tts", "/api/tts"])
async def test_a_whole_wav_as_an_attachment_with_its_peak_below_the_ceiling(
    turbo: httpx.AsyncClient, path: str
) -> None:
    answer = await turbo.post(path, json={"text": "Hello there, this is loud.", "voice": "anna.wav"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-disposition"] == "attachment; filename=out.wav"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["x-voice-cloned"] == "true"
    assert int.from_bytes(answer.content[4:8], "little") == len(answer.content) - 8, "its header knows its length"
    samples, rate = decoded(answer.content)
    assert rate == 24_000 and len(samples) / rate > 1.0
    assert 0.5 < np.abs(samples).max() <= CEILING


async def test_the_voice_is_that_of_the_file(turbo: httpx.AsyncClient, references: Path) -> None:
    (references / "bert.flac").write_bytes(recording(20.0, ".flac"))
    heard = {}
    for voice in ("anna.wav", "bert.flac"):
        answer = await turbo.post("/tts", json={"text": "One two three four five six.", "voice": voice})
        assert answer.headers["x-voice"] == voice
        heard[voice] = pitch(answer.content)
    assert heard["bert.flac"] > 1.5 * heard["anna.wav"]


async def test_the_defaults_are_those_of_the_system(turbo: httpx.AsyncClient) -> None:
    await turbo.post("/tts", json={"text": "Hello.", "voice": "anna.wav"})
    (_, _, told) = TurboLike.told[-1]
    assert told.model_dump() == {
        "temperature": 1.7,
        "min_p": 0.1,
        "top_p": 0.9,
        "top_k": 50,
        "repetition_penalty": 1.0,
        "norm_loudness": True,
    }


async def test_what_a_request_says_goes_before_what_the_listener_says(settings: Settings, references: Path) -> None:
    output = OutputDefaults("wav", parameters={"temperature": 0.7, "top_k": 10, "cfg_weight": 1})
    async with discord(settings, references, TURBO, output) as client:
        await client.post("/tts", json={"text": "Hello.", "voice": "anna.wav", "top_k": 99, "norm_loudness": False})
    (_, _, told) = TurboLike.told[-1]
    assert (told.temperature, told.top_k, told.norm_loudness, told.top_p) == (0.7, 99, False, 0.9)


async def test_tags_reach_the_engine(turbo: httpx.AsyncClient) -> None:
    await turbo.post("/tts", json={"text": "That is funny [laugh] isn't it?", "voice": "anna.wav"})
    assert TurboLike.told[-1][0] == "That is funny [laugh] isn't it?"


async def test_the_same_again_is_not_spoken_again(turbo: httpx.AsyncClient) -> None:
    asked = {"text": "Only once.", "voice": "anna.wav"}
    first = await turbo.post("/tts", json=asked)
    second = await turbo.post("/tts", json=asked)
    assert second.content == first.content and second.headers["x-cache"] == "HIT"
    assert len(TurboLike.told) == 1
    assert second.headers["content-disposition"] == "attachment; filename=out.wav"


async def test_another_cloning_engine_gets_what_it_knows(settings: Settings, references: Path) -> None:
    async with discord(settings, references, OTHER) as client:
        answer = await client.post("/tts", json={"text": "Hello.", "voice": "anna.wav"})
        assert (answer.headers["x-engine"], answer.headers["x-voice-cloned"]) == ("mimic", "true")
        await client.post("/tts", json={"text": "Hello you.", "voice": "anna.wav", "temperature": 1.5, "top_k": 7})
        await client.post("/tts", json={"text": "Hello they.", "voice": "anna.wav", "temperature": 5})
    assert [each.temperature for each in OtherCloner.given] == [0.3, 1.5, 0.3], "5 is more than it can"


async def test_without_an_engine_that_clones_another_voice_speaks_and_says_so(
    settings: Settings, references: Path
) -> None:
    async with discord(settings, references, {}) as client:
        answer = await client.post("/tts", json={"text": "Hello.", "voice": "anna.wav"})
        assert answer.status_code == 200
        assert (answer.headers["x-engine"], answer.headers["x-voice-cloned"]) == ("tone", "false")
        assert "clones" in answer.headers["x-warnings"]
        missing = await client.post("/tts", json={"text": "Hello.", "voice": "nobody.wav"})
        assert missing.status_code == 404


def test_tags_are_not_read_out_by_engines_that_do_not_know_them() -> None:
    assert without_tags("[laugh] That was [Clear Throat] good [sigh].") == "That was good."
    assert without_tags("see [1] and [note]") == "see [1] and [note]"
    assert without_tags("[laugh]") == "[laugh]"
