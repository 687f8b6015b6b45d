"""A client that goes away in mid-stream leaves nothing behind: no slot, no task, no waiter."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from stts.settings import EngineSettings, Settings, StorageSettings, TTSSettings
from tests import patient
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket

TEXT = "This is one sentence of a very long story. " * 40
"""More than a minute and a half; the tone needs half of it to speak."""


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = Settings(
        tts=TTSSettings(order=("tone",)),
        engines=EngineSettings(options={"tone": {"speed": 2.0}}),
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("slow") / "data")),
    )
    with running(settings, registry()) as server:
        yield server


@pytest.fixture
def quiet(slow: RunningServer) -> Iterator[None]:
    """Nothing runs before; after a moment, far shorter than the speech, nothing runs again."""
    with patient.OpenAI(base_url=f"{slow.url}/v1", api_key="none") as client:
        client.audio.speech.create(model="tone", voice="low", input="Awake.")
    slow.settle()
    before = settled(slow)
    yield
    assert settled(slow) == before


def settled(server: RunningServer) -> int:
    """Tasks of the server once its engine is idle."""
    give_up = time.monotonic() + PATIENCE
    tasks = -1
    while time.monotonic() < give_up:
        engine = patient.get(f"{server.url}/engines/tone").json()
        idle = engine["running"] == engine["waiting"] == 0 and "speech" not in server.tasks()
        tasks, last = len(server.tasks()), tasks
        if idle and tasks == last:
            return tasks
        time.sleep(0.02)
    raise AssertionError(f"the engine still works: {server.tasks()}")


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "tone", "voice": "low", "input": TEXT, **fields}


@pytest.mark.parametrize("format", ["mp3", "wav", "opus"])
def test_in_mid_stream(slow: RunningServer, quiet: None, format: Any) -> None:
    with (
        patient.OpenAI(base_url=f"{slow.url}/v1", api_key="none", max_retries=0) as client,
        client.audio.speech.with_streaming_response.create(**body(response_format=format)) as answer,
    ):
        assert next(answer.iter_bytes())


def test_among_events(slow: RunningServer, quiet: None) -> None:
    fields = body(stream_format="sse")
    with patient.stream("POST", f"{slow.url}/v1/audio/speech", json=fields) as answer:
        assert next(answer.iter_lines()).startswith("data: ")


def test_before_a_whole_answer_is_there(slow: RunningServer, quiet: None) -> None:
    with pytest.raises(httpx.ReadTimeout):
        patient.post(f"{slow.url}/v1/audio/speech", json=body(stream=False), timeout=httpx.Timeout(PATIENCE, read=0.3))


async def test_while_waiting_for_a_turn(slow: RunningServer, quiet: None) -> None:
    async with patient.AsyncOpenAI(base_url=f"{slow.url}/v1", api_key="none", max_retries=0) as client:
        calls = [asyncio.ensure_future(client.audio.speech.create(**body())) for _ in range(4)]
        await asyncio.wait(calls, timeout=0.5)
        for call in calls:
            call.cancel()
        assert all(
            isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*calls, return_exceptions=True)
        )


def test_the_next_client_is_served_at_once(slow: RunningServer, quiet: None) -> None:
    with patient.OpenAI(base_url=f"{slow.url}/v1", api_key="none", max_retries=0) as client:
        for _ in range(3):
            with client.audio.speech.with_streaming_response.create(**body()) as answer:
                assert next(answer.iter_bytes())
        assert client.audio.speech.create(**body(input="And now me.")).content
