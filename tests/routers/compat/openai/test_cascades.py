"""Voice frameworks that listen, think and speak in three services: ears and voice are this server's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests import patient
from tests.chat_server import Answer, ChatServer, chat_server
from tests.patience import PATIENCE
from tests.routers.compat.live.livekit_call import Call, calling
from tests.routers.compat.live.pipecat_call import HOW, Heard, loudspeaker, pipeline
from tests.routers.compat.live.spoken import ANSWERS, RATE, Microphone, Speaker, talkative, understood, until
from tests.routers.compat.recordings import WEATHER
from tests.server import RunningServer, running

# The libraries of these frameworks warn of each other.
pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]

QUIET_SECONDS = 1.5
"""After so long without sound an answer is over, and has not only been held up by a busy machine."""
STORY_SECONDS = 8.0
"""The story that is the second answer is spoken in about ten."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(talkative(tmp_path_factory.mktemp("cascades"))) as server:
        yield server


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    with chat_server() as chat:
        chat.answers += [Answer(text) for text in ANSWERS]
        yield chat


async def converse(microphone: Microphone, speaker: Speaker, chat: ChatServer) -> float:
    """Three turns, of which the third is spoken over the second answer; seconds of sound of that answer."""
    mark = time.monotonic()
    microphone.say("weather.flac")
    await until(lambda: speaker.heard_since(mark) > 1.5 and time.monotonic() - speaker.last_sound() > QUIET_SECONDS)
    mark = time.monotonic()
    microphone.say("kitchen.flac")
    await until(lambda: speaker.heard_since(mark) > 0.5)
    microphone.say("weather.flac")
    await until(lambda: len(chat.requests) == 3)
    second = speaker.heard_since(mark)
    mark = time.monotonic()
    await until(lambda: speaker.heard_since(mark) > 1.0 and time.monotonic() - speaker.last_sound() > QUIET_SECONDS)
    return second


def check(chat: ChatServer) -> None:
    first, second, third = (request["messages"][-1]["content"] for request in chat.requests)
    assert understood(WEATHER, first) and understood("kitchen light", second) and understood(WEATHER, third)


async def test_pipecat(server: RunningServer, chat: ChatServer) -> None:
    stt = pytest.importorskip("pipecat.services.openai.stt", reason=HOW).OpenAIRealtimeSTTService
    tts = pytest.importorskip("pipecat.services.openai.tts").OpenAITTSService
    llm = pytest.importorskip("pipecat.services.openai.llm").OpenAILLMService
    contexts = pytest.importorskip("pipecat.processors.aggregators.llm_context")
    aggregators = pytest.importorskip("pipecat.processors.aggregators.llm_response_universal")
    heard = Heard()
    ears = stt(
        api_key="none",
        base_url=f"{server.url.replace('http', 'ws')}/v1/realtime",
        turn_detection={"type": "server_vad"},
        settings=stt.Settings(model="gpt-transcribe"),
    )
    brain = llm(base_url=chat.url, api_key="none")
    voice = tts(base_url=f"{server.url}/v1", api_key="none", sample_rate=RATE)
    pair = aggregators.LLMContextAggregatorPair(contexts.LLMContext())
    parts = (ears, pair.user(), brain, voice, loudspeaker(heard), pair.assistant())
    async with asyncio.timeout(PATIENCE), pipeline(heard, *parts, begin=False):
        second = await converse(heard.microphone, heard.speaker, chat)
    await brain._client.close()
    await voice._client.close()
    assert heard.errors == [] and 0 < second < STORY_SECONDS
    check(chat)


async def test_livekit(server: RunningServer, chat: ChatServer) -> None:
    import aiohttp

    plugin = pytest.importorskip("livekit.plugins.openai", reason=HOW)
    call = Call()
    async with (
        asyncio.timeout(PATIENCE),
        aiohttp.ClientSession() as session,
        patient.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
        patient.AsyncOpenAI(base_url=chat.url, api_key="none", max_retries=0) as endpoint,
    ):
        ears = plugin.STT(client=client, model="gpt-4o-transcribe", use_realtime=True, language="en")
        ears._session = session
        voice = plugin.TTS(client=client, response_format="pcm")
        turns: Any = {"turn_detection": "stt"}
        async with calling(call, stt=ears, llm=plugin.LLM(client=endpoint), tts=voice, turn_handling=turns):
            await converse(call.microphone, call.speaker, chat)
    assert call.errors == []
    assert call.interrupted[:2] == [False, True]
    check(chat)
