"""The official client against the whole application on a socket, with the fake engines beside the real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from openai import AsyncOpenAI, OpenAI

from stts.settings import EngineSettings, OpenAISettings, Settings, StorageSettings, STTSettings, TTSSettings
from tests import patient
from tests.fakes import NO_FALL_BACK
from tests.routers.compat.faint import registry
from tests.server import RunningServer, running

INPUT_LIMIT = 3000


@pytest.fixture(scope="session")
def openai_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """`auto` takes the fakes, whose answers are known; the tone speaks at twenty times real time.

    Short texts are one piece: at each cut a space goes, for which the tone has 60 ms, and how many cuts there are
    depends on the speed of the machine.
    """
    return Settings(
        tts=TTSSettings(order=("tone", "espeak"), first_chunk_seconds=3.0),
        stt=STTSettings(order=("echo",)),
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("openai") / "data")),
        engines=EngineSettings(options={"tone": {"fail_on": "explode", "speed": 20.0}}),
        routing=NO_FALL_BACK,
        openai=OpenAISettings(
            models={"tts-1": "auto", "whisper-1": "auto", "gpt-4o-mini-tts": "espeak", "gone": "nosuch"},
            voices={"tone": {"echo": "high", "broken": "nosuch"}, "espeak": {"alloy": "en-us", "onyx": "en-us+m7"}},
            input_characters=INPUT_LIMIT,
        ),
    )


@pytest.fixture(scope="session")
def server(openai_settings: Settings) -> Iterator[RunningServer]:
    with running(openai_settings, registry()) as server:
        yield server


@pytest.fixture(scope="session")
def openai(server: RunningServer) -> Iterator[OpenAI]:
    with patient.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
async def async_openai(server: RunningServer) -> AsyncIterator[AsyncOpenAI]:
    async with patient.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client
