"""Voice sessions of LiveKit agents over GPT-Live and over Realtime, with its own plugin for OpenAI."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chat_server import Answer, chat_server
from tests.patience import PATIENCE
from tests.routers.compat.live.livekit_call import HOW, Call, calling
from tests.routers.compat.live.spoken import ANSWERS, STORY, talkative, understood, until
from tests.routers.compat.recordings import WEATHER
from tests.server import RunningServer, running

TEMPLATE = "You said {text}, and that is all that can be said about it today."

# The libraries of this framework warn of each other.
pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    reply = {"adapter": "template", "template": TEMPLATE}
    with running(talkative(tmp_path_factory.mktemp("livekit"), reply=reply)) as server:
        yield server


@pytest.fixture
def plugin() -> Any:
    return pytest.importorskip("livekit.plugins.openai", reason=HOW)


async def test_three_turns_with_an_interruption_on_live(server: RunningServer, plugin: Any) -> None:
    import aiohttp

    call = Call()
    async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
        model = plugin.realtime.GPTLiveModel(
            base_url=f"{server.url}/v1", api_key="none", delegation="client", http_session=session
        )
        async with calling(call, llm=model):
            call.microphone.say("weather.flac")
            await until(lambda: call.assistant)
            call.microphone.say("kitchen.flac")
            await _interrupted(call)
            await until(lambda: call.delegations == 3)
            await until(lambda: len(call.assistant) == 3)
    assert call.errors == []
    # The framework splits a turn where words are late: nobody here can tell it that the user still speaks.
    assert len(call.user) >= 3
    parts = next(place for place, text in enumerate(call.user, 1) if "evening" in text)
    assert understood(WEATHER, " ".join(call.user[:parts]))
    assert understood(f"kitchen {WEATHER}", " ".join(call.user[parts:]))
    first, second, third = (text.strip() for text in call.assistant)
    assert (first, third) == (ANSWERS[0], ANSWERS[2])
    assert STORY.startswith(second) and len(second) < len(STORY) - 20


async def test_a_tool_of_the_framework_is_called_on_live(tmp_path: Path, plugin: Any) -> None:
    """With delegation to the language model of the server, which is what the framework asks for by itself."""
    import aiohttp

    agents = pytest.importorskip("livekit.agents")
    asked = list[str]()

    async def weather(city: str) -> str:
        """Tells the weather of a city."""
        asked.append(city)
        return "It is raining."

    call = Call()
    with chat_server() as chat:
        chat.answers.append(Answer(calls=(("call_1", "weather", '{"city": "Paris"}'),), finish="tool_calls"))
        chat.answers.append(Answer("Take an umbrella with you."))
        reply = {"adapter": "openai", "base_url": chat.url, "api_key": "any"}
        with running(talkative(tmp_path, reply=reply)) as server:
            async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
                model = plugin.realtime.GPTLiveModel(base_url=f"{server.url}/v1", api_key="none", http_session=session)
                async with calling(call, [agents.function_tool(weather)], llm=model):
                    call.microphone.say("weather.flac")
                    await until(lambda: call.assistant)
        assert asked == ["Paris"]
        assert call.assistant == ["Take an umbrella with you."]
        (output,) = [message for message in chat.requests[1]["messages"] if message["role"] == "tool"]
        assert output["content"] == "It is raining."
    assert call.errors == []


async def test_three_turns_with_an_interruption_on_realtime(server: RunningServer, plugin: Any) -> None:
    import aiohttp

    call = Call()
    async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
        model = plugin.realtime.RealtimeModel(base_url=f"{server.url}/v1", api_key="none", http_session=session)
        async with calling(call, llm=model):
            call.microphone.say("weather.flac")
            await until(lambda: call.assistant)
            call.microphone.say("kitchen.flac")
            await _interrupted(call)
            await until(lambda: len(call.assistant) == 3)
    assert call.errors == []
    assert len(call.user) == 3
    assert understood(WEATHER, call.user[0]) and understood(WEATHER, call.user[2])
    assert understood(WEATHER, call.assistant[0]) and understood(WEATHER, call.assistant[2])
    assert call.interrupted == [False, True, False]


async def _interrupted(call: Call) -> None:
    """Speaks over the next answer."""
    mark = time.monotonic()
    await until(lambda: call.speaker.heard_since(mark) > 0.5)
    call.microphone.say("weather.flac")
