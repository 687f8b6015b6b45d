"""Voices of an engine: each may have a sample rate of its own, and they may come and go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import httpx
import numpy as np
import pytest

from adapters.speech.voice_choice import VoiceRules, choose_voice
from engines.registry import GROUP, Registry
from routers.app import create_app
from stts.engine_api import EngineInfo, Samples, SpeechParams, Voice
from stts.errors import EngineNotInstalled
from stts.settings import EngineSettings, InstanceSettings, Settings, StorageSettings
from stts.speech import SynthesisConfig
from tests.audio import decoded
from tests.fakes import ToneEngine
from tests.wired import Library

SECONDS = 1.5


class ChoirEngine(ToneEngine):
    """Two voices at two rates; a third comes when it is there. Says everything in a second and a half."""

    pulled: ClassVar[list[Voice]] = []

    def voices(self) -> Sequence[Voice]:
        return (Voice("bass", "Bass", ("en",), sample_rate=8_000), Voice("low", "Low", ("en",)), *self.pulled)

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        rate = voice.sample_rate or self.info.sample_rate
        yield np.full(int(SECONDS * rate), 0.25, np.float32)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    entry = EntryPoint("choir", f"{__name__}:ChoirEngine", GROUP)
    settings = Settings(
        storage=StorageSettings(root=str(tmp_path)),
        engines=EngineSettings(instances={"choir": InstanceSettings(engine="choir")}),
    )
    transport = httpx.ASGITransport(create_app(settings, registry=Registry([entry])), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client
    ChoirEngine.pulled.clear()


async def speak(client: httpx.AsyncClient, voice: str, **fields: object) -> tuple[float, int, httpx.Response]:
    """Seconds and rate of the answer."""
    body = {"text": "Hello.", "engine": "choir", "voice": voice, "stream": False} | fields
    answer = await client.post("/tts", json=body)
    assert answer.status_code == 200, answer.text
    samples, rate = decoded(answer.content)
    return len(samples) / rate, rate, answer


@pytest.mark.parametrize(("voice", "rate"), [("bass", 8_000), ("low", 16_000)])
async def test_a_voice_speaks_at_its_own_rate(client: httpx.AsyncClient, voice: str, rate: int) -> None:
    seconds, told, answer = await speak(client, voice)
    assert (told, answer.headers["x-sample-rate"]) == (rate, str(rate))
    assert seconds == pytest.approx(SECONDS, abs=0.3)
    assert float(answer.headers["x-audio-duration"]) == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize("voice", ["bass", "low"])
async def test_another_rate_changes_no_duration(client: httpx.AsyncClient, voice: str) -> None:
    seconds, told, _ = await speak(client, voice, sample_rate=24_000)
    assert told == 24_000
    assert seconds == pytest.approx(SECONDS, abs=0.3)


async def test_voices_that_come_are_listed_and_speak(client: httpx.AsyncClient) -> None:
    body = {"text": "Hello.", "engine": "choir", "voice": "descant"}
    assert (await client.post("/tts", json=body)).json()["code"] == "unknown_voice"
    ChoirEngine.pulled.append(Voice("descant", "Descant", ("en",), sample_rate=22_050))
    assert (await speak(client, "descant"))[1] == 22_050
    listed = (await client.get("/voices", params={"engine": "choir"})).json()
    assert [voice["id"] for voice in listed] == ["bass", "low", "descant"]
    assert (await client.get("/engines/choir")).json()["voices"] == 3


class VoicelessEngine(ToneEngine):
    """Its voices come with models that are not here, and neither is its library."""

    @property
    def info(self) -> EngineInfo:
        packages, install = ("no_such_package",), "stts engines install voiceless"
        return replace(
            super().info, name="voiceless", packages=packages, install=install, voices=(), default_voice=None
        )


async def test_an_engine_without_voices_that_is_not_installed_says_how_it_comes() -> None:
    with pytest.raises(EngineNotInstalled, match="stts engines install voiceless"):
        await choose_voice(VoicelessEngine(), SynthesisConfig(), VoiceRules(Library(lambda name: None)))
