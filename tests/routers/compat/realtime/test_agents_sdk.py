"""A Realtime session of OpenAI's agents SDK for Python: three spoken turns, the third of them over an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.routers.compat.live.spoken import STORY, Microphone, Speaker, talkative, understood
from tests.routers.compat.recordings import WEATHER
from tests.server import RunningServer, running

realtime = pytest.importorskip("agents.realtime")

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    reply = {"adapter": "template", "template": f"You said {{text}}. {STORY}"}
    with running(talkative(tmp_path_factory.mktemp("agents"), reply=reply)) as server:
        yield server


def texts(history: list[Any], role: str) -> list[str]:
    messages = [item for item in history if item.type == "message" and item.role == role]
    said = [" ".join(part.transcript or "" for part in item.content).strip() for item in messages]
    return [each for each in said if each]


class Conversation:
    """The first answer is heard out, the second one is spoken over."""

    def __init__(self, microphone: Microphone) -> None:
        self._microphone = microphone
        self._speaker = Speaker()
        self._turn = 1
        self.history: list[Any] = []
        self.interruptions = 0
        microphone.say("weather.flac")

    def take(self, event: Any) -> bool:
        """Whether there is more to come."""
        assert event.type != "error", event
        if event.type == "audio":
            self._speaker.play(event.audio.data)
            if self._turn == 2 and self._speaker.heard_since(0.0) > 0.5:
                self._turn = 3
                self._microphone.say("weather.flac")
        elif event.type == "audio_interrupted":
            self.interruptions += 1
        elif event.type == "history_updated":
            self.history = event.history
        elif event.type == "audio_end":
            if self._turn == 1:
                self._turn, self._speaker = 2, Speaker()
                self._microphone.say("kitchen.flac")
            return len(texts(self.history, "user")) < 3
        return True


async def test_three_turns_with_an_interruption(server: RunningServer) -> None:
    microphone = Microphone()
    runner = realtime.RealtimeRunner(realtime.RealtimeAgent(name="Assistant", instructions="Answer briefly."))
    url = f"{server.url.replace('http', 'ws')}/v1/realtime?model=gpt-realtime"
    session = await runner.run(model_config={"url": url, "api_key": "none"})

    async def speak() -> None:
        async for part in microphone.parts():
            await session.send_audio(part)

    async with asyncio.timeout(PATIENCE), session:
        talk = Conversation(microphone)
        speaking = asyncio.create_task(speak())
        try:
            async for event in session:
                if not talk.take(event):
                    break
        finally:
            speaking.cancel()
            await asyncio.wait([speaking])
    first, second, third = texts(talk.history, "user")
    assert understood(WEATHER, first) and understood("kitchen light", second) and understood(WEATHER, third)
    assert talk.interruptions >= 1
