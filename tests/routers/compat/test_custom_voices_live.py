"""A custom voice speaks by its id in Realtime and in GPT-Live, on an engine that clones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from openai import AsyncOpenAI, OpenAI

from stts.settings import Settings, StorageSettings, STTSettings, TTSSettings
from tests import patient
from tests.fakes import registry
from tests.routers.compat.cloning_engines import OTHER, OtherCloner, recording
from tests.routers.compat.live.talk import Talk as LiveTalk
from tests.routers.compat.live.talk import connected
from tests.routers.compat.realtime.talk import Talk
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """An engine that cannot clone comes first."""
    settings = Settings(
        tts=TTSSettings(order=("tone", *OTHER)),
        stt=STTSettings(order=("echo",)),
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("live voices") / "data")),
    )
    with running(settings, registry(**OTHER)) as server:
        yield server


@pytest.fixture(scope="module")
def voice(house: RunningServer) -> str:
    with patient.OpenAI(base_url=f"{house.url}/v1", api_key="none", max_retries=0) as client:
        return made(client)


@pytest.fixture(autouse=True)
def _nothing_given() -> Iterator[None]:
    OtherCloner.given.clear()
    yield


def made(client: OpenAI) -> str:
    consent = client.audio.voice_consents.create(name="Anna", language="en", recording=("yes.wav", recording(6.0)))
    sample = ("anna.wav", recording(8.0))
    return client.audio.voices.create(name="Anna", audio_sample=sample, consent=consent.id).id


def is_loud(data: bytes) -> bool:
    return bool(np.abs(np.frombuffer(data, "<i2").astype(int)).max(initial=0) > 1_000)


def client(house: RunningServer) -> AsyncOpenAI:
    return patient.AsyncOpenAI(base_url=f"{house.url}/v1", api_key="none", max_retries=0)


@pytest.mark.parametrize("as_object", [False, True])
async def test_it_speaks_in_realtime(house: RunningServer, voice: str, as_object: bool) -> None:
    named: Any = {"id": voice} if as_object else voice
    async with client(house) as openai, patient.realtime(openai, model="gpt-realtime") as connection:
        talk = await Talk.greeted(connection)
        session = await talk.update(audio={"output": {"voice": named}})
        assert session["audio"]["output"]["voice"] == voice
        await talk.write("Good morning to you.")
        await talk.send("response.create")
        response = await talk.response()
        assert response["status"] == "completed"
        assert is_loud(talk.audio(response["id"]))
    assert OtherCloner.given


@pytest.mark.parametrize("as_object", [False, True])
async def test_it_speaks_in_gpt_live(house: RunningServer, voice: str, as_object: bool) -> None:
    named: Any = {"id": voice} if as_object else voice
    async with client(house) as openai, connected(openai) as connection:
        talk = LiveTalk(connection)
        await talk.start(instructions="Be kind.", audio={"output": {"voice": named}})
        await talk.send("session.commentary.append", content="Good morning to you.", delegation_id=None)
        while not any(is_loud(data) for _, data in talk.audio):
            await talk.next()
    assert OtherCloner.given
