"""Real speech through the whole house: Silero, PocketSphinx, a reply, eSpeak, and the official client at the end."""

from __future__ import annotations

import ast
import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stts.audio.pcm import PCMFormat, PCMReader
from stts.settings import ReplySettings, Settings, StorageSettings, TTSSettings
from tests import patient
from tests.audio import decoded, raw_pcm, speech
from tests.chat_server import Answer, ChatServer, chat_server
from tests.routers.compat.realtime.talk import RATE, Talk, silence
from tests.routers.compat.recordings import WEATHER
from tests.server import RunningServer, running

pytestmark = [pytest.mark.socket, pytest.mark.long]

WEATHER_TOOL = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
HEARD = {"input": {"transcription": {"model": "whisper-1"}}}


@cache
def weather(format: PCMFormat = "pcm_s16le", rate: int = RATE) -> bytes:
    samples, recorded = decoded(speech("weather.flac"))
    return raw_pcm(samples, recorded, rate, format)


@pytest.fixture(scope="module")
def chat() -> Iterator[ChatServer]:
    with chat_server() as chat:
        yield chat


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    storage = StorageSettings(root=str(tmp_path_factory.mktemp("realtime") / "data"))
    return Settings(tts=TTSSettings(order=("espeak",)), storage=storage)


@pytest.fixture(scope="module")
def house(settings: Settings) -> Iterator[RunningServer]:
    """The default settings, but for the voice."""
    with running(settings) as server:
        yield server


@pytest.fixture(scope="module")
def answering(settings: Settings, chat: ChatServer) -> Iterator[RunningServer]:
    """A house whose replies come from a chat endpoint."""
    reply = ReplySettings(adapter="openai", base_url=chat.url, model="small")
    with running(settings.model_copy(update={"reply": reply})) as server:
        yield server


@asynccontextmanager
async def talking(server: RunningServer, model: str = "gpt-realtime", **query: str) -> AsyncIterator[Talk]:
    async with (
        patient.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
        patient.realtime(client, model=model, extra_query=query) as connection,
    ):
        yield await Talk.greeted(connection)


def understood(text: str) -> float:
    """The part of the words of the recording that came through: the embedded engine mishears one now and then."""
    words = WEATHER.split()
    return sum(word in text.split() for word in words) / len(words)


async def test_what_is_said_is_said_back(house: RunningServer) -> None:
    async with talking(house) as talk:
        await talk.update(audio=HEARD)
        await talk.say(weather(), silence(1.0))
        response = await talk.response()
        completed = talk.of("conversation.item.input_audio_transcription.completed")[0]
        deltas = talk.of("conversation.item.input_audio_transcription.delta")
        heard = completed["transcript"]
        assert understood(heard) > 0.7 and heard == "".join(each["delta"] for each in deltas)
        assert response["output"][0]["content"][0]["transcript"] == heard
        spoken = np.frombuffer(talk.audio(response["id"]), "<i2")
        assert 2 < len(spoken) / RATE < 8 and np.abs(spoken).max() > 3000
        await talk.send("conversation.item.retrieve", item_id=completed["item_id"])
        item = (await talk.until("conversation.item.retrieved"))["item"]
        assert len(item["content"][0]["audio"]) > 100_000


async def test_the_user_may_interrupt(house: RunningServer) -> None:
    async with talking(house) as talk:
        await talk.update(audio=HEARD)
        await talk.say(weather(), silence(1.0))
        first = (await talk.until("response.output_audio.delta"))["response_id"]
        feeding = asyncio.create_task(in_real_time(talk, weather(), silence(3.0)))
        try:
            done = (await talk.until("response.done"))["response"]
            assert (done["id"], done["status"]) == (first, "cancelled")
            assert done["status_details"]["reason"] == "turn_detected"
            count = len(talk.of("response.output_audio.delta"))
            await talk.until("input_audio_buffer.speech_started", lambda event: event["audio_start_ms"] > 5000)
            second = (await talk.until("response.output_audio.delta"))["response_id"]
        finally:
            feeding.cancel()
            await asyncio.wait([feeding])
        assert second != first
        assert all(each["response_id"] == second for each in talk.of("response.output_audio.delta")[count:])


async def in_real_time(talk: Talk, *parts: bytes) -> None:
    data = b"".join(parts)
    step = RATE * 2 // 10
    for start in range(0, len(data), step):
        await talk.append(data[start : start + step])
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("law", ["pcmu", "pcma"])
async def test_over_the_telephone(house: RunningServer, law: PCMFormat) -> None:
    format = {"type": f"audio/{law}"}
    async with talking(house) as talk:
        await talk.update(audio={"input": {**HEARD["input"], "format": format}, "output": {"format": format}})
        quiet = raw_pcm(np.zeros(8000, np.float32), 8000, 8000, law)
        await talk.append(weather(law, 8000) + quiet)
        response = await talk.response()
        assert understood(talk.of("conversation.item.input_audio_transcription.completed")[0]["transcript"]) > 0.4
        spoken = PCMReader(law, 8000).read(talk.audio(response["id"]))
        assert 2 < len(spoken) / 16_000 < 8 and np.abs(spoken).max() > 0.1


async def test_a_reply_to_nothing_does_no_harm(house: RunningServer) -> None:
    async with talking(house) as talk:
        orders: tuple[dict[str, Any], ...] = ({"input": []}, {"input": [], "conversation": "none"}, {})
        for params in orders:
            await talk.send("response.create", response=params)
            assert (await talk.response())["status"] in ("completed", "failed")
        await talk.alive()


async def test_a_transcription_session(house: RunningServer) -> None:
    async with talking(house, model="gpt-4o-transcribe", intent="transcription") as talk:
        await talk.say(weather(), silence(1.0), weather(), silence(1.0))
        for _ in range(2):
            completed = await talk.until("conversation.item.input_audio_transcription.completed")
            assert understood(completed["transcript"]) > 0.7
        assert not [kind for kind in talk.types() if kind.startswith("response.")]


async def test_the_example_of_the_docs_runs(house: RunningServer, capsys: pytest.CaptureFixture[str]) -> None:
    docs = Path(__file__).parents[4] / "docs" / "realtime.md"
    section = docs.read_text(encoding="utf-8").partition("## OpenAI Realtime")[2]
    example = section.partition("```python\n")[2].partition("```")[0].replace("http://127.0.0.1:8000", house.url)
    names: dict[str, Any] = {}
    code = compile(example, str(docs), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    await eval(code, names)
    await names["client"].close()
    assert "Good morning" in capsys.readouterr().out


async def test_a_function_is_called_and_its_output_answered(answering: RunningServer, chat: ChatServer) -> None:
    chat.answers.append(Answer(calls=(("call_1", "weather", '{"city":"Bern"}'),), finish="tool_calls"))
    chat.answers.append(Answer("It rains in Bern."))
    async with talking(answering) as talk:
        await talk.update(instructions="Be brief.", tools=[WEATHER_TOOL], tool_choice="auto")
        await talk.write("What is the weather in Bern?")
        await talk.send("response.create")
        (call,) = (await talk.response())["output"]
        assert (call["type"], call["name"], call["call_id"]) == ("function_call", "weather", "call_1")
        assert json.loads(call["arguments"]) == {"city": "Bern"}
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": '{"sky":"rain"}'}
        await talk.send("conversation.item.create", item=output)
        await talk.send("response.create")
        response = await talk.response()
        assert response["output"][0]["content"][0]["transcript"] == "It rains in Bern."
        usage = response["usage"]
        assert usage["input_token_details"]["text_tokens"] == 11
        assert usage["output_token_details"]["text_tokens"] == 7
        assert len(talk.audio(response["id"])) > RATE
    first, second = chat.requests[-2:]
    assert first["messages"][0] == {"role": "system", "content": "Be brief."}
    assert first["tools"][0]["function"]["name"] == "weather" and first["model"] == "small"
    assert [message["role"] for message in second["messages"]] == ["system", "user", "assistant", "tool"]


async def test_a_reply_that_is_too_long_is_incomplete(answering: RunningServer, chat: ChatServer) -> None:
    chat.answers.append(Answer("Once upon a time", finish="length"))
    async with talking(answering, model="large-model") as talk:
        await talk.update(output_modalities=["text"], max_output_tokens=4)
        await talk.write("A story, please.")
        await talk.send("response.create")
        response = await talk.response()
        assert response["status"] == "incomplete" and response["max_output_tokens"] == 4
        assert response["status_details"]["reason"] == "max_output_tokens"
    assert chat.requests[-1]["model"] == "large-model"


async def test_an_upstream_that_fails_fails_one_response(answering: RunningServer, chat: ChatServer) -> None:
    chat.answers.extend([Answer(status=401), Answer("Here again.")])
    async with talking(answering) as talk:
        await talk.write("Hello")
        await talk.send("response.create")
        response: dict[str, Any] = await talk.response()
        assert response["status"] == "failed" and "secret words" not in json.dumps(response)
        await talk.send("response.create")
        assert (await talk.response())["output"][0]["content"][0]["transcript"] == "Here again."
