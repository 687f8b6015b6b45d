"""A pipeline of Pipecat over GPT-Live and over Realtime, with its own services for OpenAI."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.chat_server import Answer, ChatServer, chat_server
from tests.patience import PATIENCE
from tests.routers.compat.live.pipecat_call import HOW, Heard, pipeline
from tests.routers.compat.live.spoken import ANSWERS, STORY, talkative, understood, until
from tests.routers.compat.recordings import WEATHER
from tests.server import RunningServer, running

TEMPLATE = "You said {text}, and that is all that can be said about it today."

# The libraries of this framework warn of each other.
pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    reply = {"adapter": "template", "template": TEMPLATE}
    with running(talkative(tmp_path_factory.mktemp("pipecat"), reply=reply)) as server:
        yield server


async def _interrupted(heard: Heard, taken: Callable[[], bool]) -> None:
    """Speaks over the answer to the turn that is `taken`: the one before may still sound when its words are there."""
    await until(taken)
    mark = time.monotonic()
    await until(lambda: heard.speaker.heard_since(mark) > 0.5)
    heard.microphone.say("weather.flac")


@asynccontextmanager
async def _backend(chat: ChatServer) -> AsyncIterator[Any]:
    """A worker of the framework that answers delegations, over a language model."""
    backends = pytest.importorskip("pipecat.workers.llm.backend_llm_worker", reason=HOW)
    llm = pytest.importorskip("pipecat.services.openai.llm").OpenAILLMService(base_url=chat.url, api_key="none")
    chat.answers += [Answer(f"{backends.SPOKEN_MARK}{text}") for text in ANSWERS]
    try:
        yield backends.BackendLLMWorker(llm=llm)
    finally:
        await llm._client.close()


async def test_three_turns_with_an_interruption_on_live(server: RunningServer) -> None:
    live = pytest.importorskip("pipecat.services.openai.live.llm", reason=HOW).OpenAILiveLLMService
    heard = Heard()
    with chat_server() as chat:
        async with (
            asyncio.timeout(PATIENCE),
            _backend(chat) as backend,
            pipeline(
                heard,
                live(
                    api_key="none",
                    base_url=f"{server.url.replace('http', 'ws')}/v1/live/sessions",
                    delegation=live.ClientDelegation(backend=backend),
                ),
            ),
        ):
            heard.microphone.say("weather.flac")
            await until(lambda: "".join(heard.replies).endswith(ANSWERS[0]))
            heard.microphone.say("kitchen.flac")
            await _interrupted(heard, lambda: len(chat.requests) >= 2)
            await until(lambda: len(chat.requests) == 3)
            await until(lambda: "".join(heard.replies).endswith(ANSWERS[2]))
        asked = [request["messages"][-1]["content"] for request in chat.requests]
    assert heard.errors == []
    assert understood(WEATHER, asked[0]) and understood("kitchen light", asked[1]) and understood(WEATHER, asked[2])
    # The framework begins a turn anew where words are late, so turns are judged by what the backend was asked.
    assert understood("rain evening", " ".join(heard.user))
    said = "".join(heard.replies)
    assert said.startswith(ANSWERS[0])
    second = said.removeprefix(ANSWERS[0]).removesuffix(ANSWERS[2])
    assert STORY.startswith(second.strip()) and 0 < len(second) < len(STORY) - 20


async def test_three_turns_with_an_interruption_on_live_with_responses(tmp_path: Path) -> None:
    """The language model of the server answers, and calls a function of the framework."""
    live = pytest.importorskip("pipecat.services.openai.live.llm", reason=HOW).OpenAILiveLLMService
    model = pytest.importorskip("pipecat.services.openai.responses.llm").OpenAIResponsesLLMService.Settings
    heard, asked = Heard(), list[Any]()

    async def weather(call: Any) -> None:
        asked.append(call.arguments)
        await call.result_callback("It is raining.")

    with chat_server() as chat:
        chat.answers.append(Answer(calls=(("call_1", "weather", '{"city": "Paris"}'),), finish="tool_calls"))
        chat.answers.extend(Answer(text) for text in ANSWERS)
        reply = {"adapter": "openai", "base_url": chat.url, "api_key": "any"}
        with running(talkative(tmp_path, reply=reply)) as server:
            service = live(
                api_key="none",
                base_url=f"{server.url.replace('http', 'ws')}/v1/live/sessions",
                delegation=live.ResponsesDelegation(settings=model(model="gpt-5-mini")),
            )
            service.register_function("weather", weather)
            async with asyncio.timeout(PATIENCE), pipeline(heard, service, tools=_weather_tool()):
                heard.microphone.say("weather.flac")
                await until(lambda: "".join(heard.replies).endswith(ANSWERS[0]))
                heard.microphone.say("kitchen.flac")
                await _interrupted(heard, lambda: len(chat.requests) >= 3)
                await until(lambda: len(chat.requests) == 4)
                await until(lambda: "".join(heard.replies).endswith(ANSWERS[2]))
        asked_of_model = [request["messages"][-1] for request in chat.requests]
        history = [message["content"] for message in chat.requests[3]["messages"]]
    assert heard.errors == [] and asked == [{"city": "Paris"}]
    assert (asked_of_model[1]["role"], asked_of_model[1]["content"]) == ("tool", '"It is raining."')
    assert understood(WEATHER, asked_of_model[0]["content"]) and understood(WEATHER, asked_of_model[3]["content"])
    assert ANSWERS[0] in history and STORY not in history
    second = "".join(heard.replies).removeprefix(ANSWERS[0]).removesuffix(ANSWERS[2])
    assert STORY.startswith(second.strip()) and 0 < len(second) < len(STORY) - 20


def _weather_tool() -> Any:
    schemas = pytest.importorskip("pipecat.adapters.llm.schemas.tools_schema")
    function = pytest.importorskip("pipecat.adapters.llm.schemas.function_schema").FunctionSchema
    city = {"city": {"type": "string"}}
    return schemas.ToolsSchema([function("weather", "Tells the weather of a city.", city, ["city"])])


async def test_three_turns_with_an_interruption_on_realtime(server: RunningServer) -> None:
    realtime = pytest.importorskip("pipecat.services.openai.realtime.llm", reason=HOW).OpenAIRealtimeLLMService
    heard = Heard()
    events = pytest.importorskip("pipecat.services.openai.realtime.events")
    ears = events.AudioInput(transcription=events.InputAudioTranscription())
    properties = events.SessionProperties(audio=events.AudioConfiguration(input=ears))
    service = realtime(
        api_key="none",
        base_url=f"{server.url.replace('http', 'ws')}/v1/realtime",
        settings=realtime.Settings(session_properties=properties),
    )
    async with asyncio.timeout(PATIENCE), pipeline(heard, service):
        heard.microphone.say("weather.flac")
        await until(lambda: len(heard.user) == 1 and understood(WEATHER, " ".join(heard.replies)))
        heard.microphone.say("kitchen.flac")
        await _interrupted(heard, lambda: len(heard.user) == 2)
        await until(lambda: len(heard.user) == 3)
        await until(lambda: understood(WEATHER, heard.replies[-1]))
    assert heard.errors == []
    assert understood(WEATHER, heard.user[0]) and understood(WEATHER, heard.user[2])
