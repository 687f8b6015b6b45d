"""Every route plans a request once: one selection of an engine, one resolution of a voice, whatever it came through."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from wyoming.event import Event

import adapters.speech.plan
from adapters.selection import EngineSelection
from adapters.transcription.adapter import EngineSTTAdapter
from stts.settings import (
    ConversationSettings,
    Settings,
    StorageSettings,
    STTSettings,
    TTSSettings,
    WyomingSettings,
)
from tests import patient
from tests.audio import speech
from tests.fakes import registry
from tests.routers.wyoming.conftest import Client, free_port
from tests.server import RunningServer, running

TEXT = "Hello there, how are you?"
ONE_SPEECH = Counter(speech=1, voices=1)
ONE_TRANSCRIPTION = Counter(transcription=1, parameters=1)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        tts=TTSSettings(order=("tone", "espeak")),
        stt=STTSettings(order=("echo", "pocketsphinx")),
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("planning"))),
        conversation=ConversationSettings(turn_detector="none"),
        wyoming=WyomingSettings(enabled=True, port=free_port()),
    )


@pytest.fixture(scope="module")
def counts() -> Iterator[Counter[str]]:
    counts: Counter[str] = Counter()

    def count(owner: Any, method: str, name: str) -> None:
        real = getattr(owner, method)

        def counting(*arguments: Any, **options: Any) -> Any:
            counts[name] += 1
            return real(*arguments, **options)

        patch.setattr(owner, method, counting)

    with pytest.MonkeyPatch.context() as patch:
        count(EngineSelection, "plan_speech", "speech")
        count(adapters.speech.plan, "choose_voice", "voices")
        count(EngineSelection, "plan_transcription", "transcription")
        count(EngineSTTAdapter, "plan", "parameters")
        yield counts


@pytest.fixture(scope="module")
def server(settings: Settings, counts: Counter[str]) -> Iterator[RunningServer]:
    with running(settings, registry()) as server:
        yield server


@pytest.fixture
def counted(counts: Counter[str]) -> Counter[str]:
    """How often something was decided since the test began."""
    counts.clear()
    return counts


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tts", {"text": TEXT}),
        ("/tts", {"text": TEXT, "engine": "espeak"}),
        ("/tts", {"text": TEXT, "voice": "alloy", "language": "en"}),
        ("/v1/audio/speech", {"model": "tts-1", "input": TEXT, "voice": "alloy"}),
        ("/v1/audio/speech", {"model": "espeak", "input": TEXT, "voice": "nova", "stream_format": "sse"}),
        ("/conversation", {"text": TEXT}),
        ("/conversation", {"text": TEXT, "stream": False}),
    ],
)
def test_speech_over_http_is_planned_once(
    server: RunningServer, counted: Counter[str], path: str, body: dict[str, Any]
) -> None:
    patient.post(f"{server.url}{path}", json=body).raise_for_status()
    assert counted == ONE_SPEECH


def test_a_look_at_an_answer_plans_it_once(server: RunningServer, counted: Counter[str]) -> None:
    patient.request("HEAD", f"{server.url}/tts", params={"text": TEXT}).raise_for_status()
    assert counted == ONE_SPEECH


@pytest.mark.parametrize(("path", "fields"), [("/stt", {}), ("/v1/audio/transcriptions", {"model": "whisper-1"})])
def test_a_recording_is_planned_once(
    server: RunningServer, counted: Counter[str], path: str, fields: dict[str, str]
) -> None:
    files = {"file": ("weather.flac", io.BytesIO(speech("weather.flac")))}
    patient.post(f"{server.url}{path}", data=fields, files=files).raise_for_status()
    assert counted == ONE_TRANSCRIPTION


@asynccontextmanager
async def connected(server: RunningServer, path: str) -> AsyncIterator[ClientConnection]:
    async with patient.connect(f"ws{server.url.removeprefix('http')}{path}") as client:
        yield client


async def said(client: ClientConnection, *messages: dict[str, Any]) -> None:
    for message in messages:
        await client.send(json.dumps(message))


async def until(client: ClientConnection, kind: str) -> None:
    async for message in client:
        if isinstance(message, str):
            told = json.loads(message)
            assert told["type"] != "error", told
            if told["type"] == kind:
                return


@pytest.mark.parametrize("messages", [[], [{"type": "config", "voice": "low"}], [{"type": "config"}]])
async def test_a_text_on_a_socket_is_planned_once(
    server: RunningServer, counted: Counter[str], messages: list[dict[str, Any]]
) -> None:
    async with connected(server, "/ws/tts") as client:
        await said(client, *messages, {"type": "text", "text": TEXT}, {"type": "end"})
        await until(client, "audio.done")
        assert counted == ONE_SPEECH


async def test_a_plan_of_a_configuration_is_that_of_its_texts(server: RunningServer, counted: Counter[str]) -> None:
    async with connected(server, "/ws/tts") as client:
        await said(client, {"type": "config"})
        for _ in range(3):
            await said(client, {"type": "text", "text": TEXT}, {"type": "end"})
            await until(client, "audio.done")
        assert counted == ONE_SPEECH
        await said(client, {"type": "text", "text": "Guten Morgen, wie geht es Ihnen heute?"}, {"type": "end"})
        await until(client, "audio.done")
    assert counted["speech"] == 2, "a text in another language than the voice's is planned for itself"


async def test_a_text_on_the_socket_of_openai_is_planned_once(server: RunningServer, counted: Counter[str]) -> None:
    async with connected(server, "/v1/audio/speech/stream") as client:
        config = {"type": "session.config", "model": "tts-1", "voice": "alloy"}
        await said(client, config, {"type": "input.text", "text": TEXT}, {"type": "input.done"})
        await until(client, "session.done")
    assert counted == ONE_SPEECH


async def test_a_reply_of_the_realtime_api_is_planned_with_its_session(
    server: RunningServer, counted: Counter[str]
) -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": TEXT}]}
    async with connected(server, "/v1/realtime?model=gpt-realtime") as client:
        await said(client, {"type": "conversation.item.create", "item": item}, {"type": "response.create"})
        await until(client, "response.done")
    assert counted == ONE_SPEECH + ONE_TRANSCRIPTION


async def test_a_live_stream_is_planned_once(server: RunningServer, counted: Counter[str]) -> None:
    async with connected(server, "/ws/stt") as client:
        await client.send(bytes(32_000))
        await said(client, {"type": "close"})
        async for _ in client:
            pass
    assert counted == ONE_TRANSCRIPTION


@pytest.mark.parametrize(
    "events",
    [
        [Event("synthesize", {"text": TEXT})],
        [
            Event("synthesize-start", {}),
            Event("synthesize-chunk", {"text": TEXT}),
            Event("synthesize-stop"),
        ],
    ],
)
async def test_speech_over_wyoming_is_planned_once(
    server: RunningServer, settings: Settings, counted: Counter[str], events: list[Event]
) -> None:
    async with Client(settings.wyoming.port) as client:
        for event in events:
            await client.write_event(event)
        told = await client.until("audio-stop", "error")
    assert told[-1].type == "audio-stop"
    assert counted == ONE_SPEECH
