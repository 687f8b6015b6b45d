"""The official client on Realtime over three spoken turns with an interruption: asynchronous, blocking, and connected
anew when the network breaks."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from tests import patient
from tests.patience import PATIENCE
from tests.routers.compat.live.spoken import (
    STORY,
    BlockingMicrophone,
    Microphone,
    Speaker,
    talkative,
    understood,
)
from tests.routers.compat.recordings import WEATHER
from tests.server import RunningServer, running

pytestmark = [pytest.mark.socket, pytest.mark.long]

SESSION: Any = {"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    reply = {"adapter": "template", "template": f"You said {{text}}. {STORY}"}
    with running(talkative(tmp_path_factory.mktemp("official"), reply=reply)) as server:
        yield server


class Conversation:
    """Three turns: the first reply is heard out, the second one is spoken over."""

    def __init__(self, microphone: Microphone | BlockingMicrophone) -> None:
        self._microphone = microphone
        self._speaker = Speaker()
        self._over = False
        self.user: list[str] = []
        self.statuses: list[str | None] = []
        microphone.say("weather.flac")

    def take(self, event: Any) -> bool:
        """Whether there is more to come."""
        assert event.type != "error", event
        if event.type == "conversation.item.input_audio_transcription.completed":
            self.user.append(event.transcript)
        elif event.type == "response.created":
            self._speaker = Speaker()
        elif event.type == "response.output_audio.delta":
            self._speaker.play(b64decode(event.delta))
            if len(self.statuses) == 1 and not self._over and self._speaker.heard_since(0.0) > 0.5:
                self._over = True
                self._microphone.say("weather.flac")
        elif event.type == "response.done":
            self.statuses.append(event.response.status)
            if len(self.statuses) == 1:
                self._microphone.say("kitchen.flac")
        return len(self.statuses) < 3

    def check(self) -> None:
        first, second, third = self.user
        assert understood(WEATHER, first) and understood("kitchen light", second) and understood(WEATHER, third)
        assert self.statuses == ["completed", "cancelled", "completed"]


async def test_the_asynchronous_client(server: RunningServer) -> None:
    microphone = Microphone()
    talk = Conversation(microphone)
    async with (
        asyncio.timeout(PATIENCE),
        patient.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
        patient.realtime(client, model="gpt-realtime") as connection,
    ):
        await connection.session.update(session=SESSION)

        async def speak() -> None:
            async for part in microphone.parts():
                await connection.input_audio_buffer.append(audio=b64encode(part).decode())

        speaking = asyncio.create_task(speak())
        try:
            async for event in connection:
                if not talk.take(event):
                    break
        finally:
            speaking.cancel()
            await asyncio.wait([speaking])
    talk.check()


def test_the_blocking_client(server: RunningServer) -> None:
    with (
        patient.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
        patient.blocking_realtime(client, model="gpt-realtime") as connection,
    ):
        connection.session.update(session=SESSION)

        def send(audio: bytes) -> None:
            connection.input_audio_buffer.append(audio=b64encode(audio).decode())

        with BlockingMicrophone(send) as microphone:
            talk = Conversation(microphone)
            for event in connection:
                if not talk.take(event):
                    break
    talk.check()


async def test_a_client_connects_anew_when_the_network_breaks(server: RunningServer) -> None:
    """A conversation ends with its connection: the client is greeted with another session on the next."""
    codes = list[int]()
    async with (
        asyncio.timeout(PATIENCE),
        patient.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
        patient.realtime(
            client,
            model="gpt-realtime",
            on_reconnecting=lambda event: codes.append(event.close_code),
            initial_delay=0.01,
        ) as connection,
    ):
        ids = list[str]()
        async for event in connection:
            assert event.type == "session.created", event
            ids.append(event.session.id)  # type: ignore[union-attr]
            if len(ids) == 2:
                break
            connection._connection.transport.abort()
    assert codes == [1006] and ids[0] != ids[1]
