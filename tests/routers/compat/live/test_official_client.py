"""The official client on Live beyond one asynchronous session: blocking, and connected anew when the network breaks."""

from __future__ import annotations

import asyncio
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from tests import patient
from tests.patience import PATIENCE
from tests.routers.compat.live.conftest import Served
from tests.routers.compat.live.spoken import ANSWERS, STORY, BlockingMicrophone, Speaker, talkative, understood
from tests.routers.compat.live.talk import connected
from tests.routers.compat.recordings import WEATHER
from tests.server import RunningServer, running

pytestmark = [pytest.mark.socket, pytest.mark.long]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(talkative(tmp_path_factory.mktemp("official"))) as server:
        yield server


def test_three_turns_with_an_interruption_of_the_blocking_client(server: RunningServer) -> None:
    speaker, turns, words, said = Speaker(), list[str](), "", ""
    mark, interrupted = 0.0, False
    with (
        patient.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
        client.live.connect(websocket_connection_options=patient.OFFICIAL_SOCKET) as connection,
    ):

        def send(audio: bytes) -> None:
            connection.send({"type": "session.input_audio.append", "audio": b64encode(audio).decode()})

        connection.send({"type": "session.start", "session": {"model": "gpt-live-1"}})
        assert connection.recv().type == "session.started"
        with BlockingMicrophone(send) as microphone:
            microphone.say("weather.flac")
            for event in connection:
                assert event.type != "error", event
                if event.type == "session.output_audio.delta":
                    speaker.play(b64decode(event.delta))
                    if len(turns) == 2 and not interrupted and speaker.heard_since(mark) > 0.5:
                        interrupted = True
                        microphone.say("weather.flac")
                elif event.type == "session.input_transcript.delta":
                    words += event.delta
                elif event.type == "session.output_transcript.delta":
                    said += event.delta
                    if said.endswith(ANSWERS[0]) and len(turns) == 1:
                        microphone.say("kitchen.flac")
                    elif said.endswith(ANSWERS[2]):
                        microphone.end()
                        connection.send({"type": "session.close"})
                elif event.type == "session.delegation.created":
                    mark = time.monotonic()
                    answer = {"content": ANSWERS[len(turns)], "delegation_id": event.delegation.id}
                    turns.append(words)
                    words = ""
                    connection.send({"type": "session.commentary.append", **answer})  # type: ignore[arg-type]
    assert len(turns) == 3
    assert understood(WEATHER, turns[0]) and understood("kitchen light", turns[1]) and understood(WEATHER, turns[2])
    second = said.removeprefix(ANSWERS[0]).removesuffix(ANSWERS[2]).strip()
    assert STORY.startswith(second) and 0 < len(second) < len(STORY) - 20


async def test_a_client_connects_anew_when_the_network_breaks(served: Served) -> None:
    """A session ends with its connection, so the client starts another one on the next."""
    attempts, broken = list[int](), asyncio.Event()

    def reconnecting(event: Any) -> None:
        attempts.append(event.close_code)
        broken.set()

    async with (
        asyncio.timeout(PATIENCE),
        served.client() as client,
        connected(client, on_reconnecting=reconnecting, initial_delay=0.01) as connection,
    ):

        async def start() -> None:
            await connection.send({"type": "session.start", "session": {"model": "gpt-live-1"}})

        async def start_again() -> None:
            await broken.wait()
            await start()

        again = asyncio.create_task(start_again())
        await start()
        ids = list[str]()
        async for event in connection:
            if event.type == "session.started":
                ids.append(event.session.id)
                if len(ids) == 2:
                    break
                connection._connection.transport.abort()
        await again
    assert attempts == [1006]
    assert ids[0] != ids[1]
