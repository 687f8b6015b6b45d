"""WS /ws/conversation: the older generation's messages on a real socket."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests import patient
from tests.audio import decoded, encoded
from tests.chat_server import Answer, ChatServer
from tests.routers.websocket.caller import Caller, calling, pcm, places, silence, spoken
from tests.server import RunningServer

PATH = "/ws/conversation"


async def turn(caller: Caller, data: bytes, **config: Any) -> None:
    message: dict[str, Any] = {"data": base64.b64encode(data).decode()}
    if config:
        message["config"] = config
    await caller.send("audio", **message)


def calling_v1(server: RunningServer, **query: Any) -> Any:
    return calling(server, PATH, greeted=False, **query)


async def test_a_streamed_turn(server: RunningServer) -> None:
    async with calling_v1(server, voice_mode="predefined", predefined_voice_id="high", language="en") as caller:
        await caller.say(silence(0.2), spoken(), silence(1.2))
        response = await caller.until("conversation_response")
    assert caller.types() == ["conversation_response"]
    assert response["transcription"] == "word0 word1"
    assert response["response_text"] == "word0 word1"
    samples, rate = decoded(base64.b64decode(response["audio_data"]))
    assert rate == 24_000
    assert len(samples) / rate == pytest.approx(len("word0 word1") * 0.06, abs=0.1)
    timing = response["timing"]
    assert 0 <= timing["transcription_time"] <= timing["total_time"]
    assert timing["total_time"] == pytest.approx(timing["transcription_time"] + timing["synthesis_time"], abs=0.01)


async def test_a_whole_turn_of_bare_samples(server: RunningServer) -> None:
    async with calling_v1(server, response_mode="template") as caller:
        await turn(caller, pcm(spoken()), voice_id="high", temperature=0.5)
        response = await caller.until("conversation_response")
    assert response["transcription"] == "word0 word1"
    assert response["response_text"].startswith("you said word0 word1")
    assert decoded(base64.b64decode(response["audio_data"]))[0].any()


@pytest.mark.parametrize("format", ["wav", "flac", "opus"])
async def test_a_whole_turn_of_a_file(server: RunningServer, format: Any) -> None:
    async with calling_v1(server) as caller:
        await turn(caller, encoded(spoken(), format))
        assert (await caller.until("conversation_response"))["transcription"] == "word0 word1"


async def test_a_whole_turn_may_hold_pauses(server: RunningServer) -> None:
    async with calling_v1(server, pause_aggressiveness=3) as caller:
        await turn(caller, pcm(spoken(1.0), silence(1.5), spoken(1.0), silence(1.0)))
        response = await caller.until("conversation_response")
        await turn(caller, pcm(spoken(1.0)))
        await caller.until("conversation_response")
    assert response["transcription"] == "word0 word0", "both, each a region as in a file"
    assert caller.types() == ["conversation_response"] * 2


async def test_turns_that_are_sent_at_once_are_answered_one_by_one(server: RunningServer) -> None:
    async with calling_v1(server) as caller:
        for seconds in (1.0, 2.0, 1.0):
            await turn(caller, pcm(spoken(seconds)))
        texts = [(await caller.until("conversation_response"))["transcription"] for _ in range(3)]
    assert texts == ["word0", "word0 word1", "word0"]


async def test_a_whole_turn_without_words_is_answered_with_nothing(server: RunningServer) -> None:
    async with calling_v1(server) as caller:
        await turn(caller, pcm(silence(1.0)))
        response = await caller.until("conversation_response")
    assert (response["transcription"], response["response_text"], response["audio_data"]) == ("", "", "")


async def test_whole_turns_and_streamed_ones_on_one_socket(server: RunningServer) -> None:
    async with calling_v1(server) as caller:
        await turn(caller, pcm(spoken(1.0)))
        await caller.until("conversation_response")
        await caller.say(spoken(), silence(1.2))
        assert (await caller.until("conversation_response"))["transcription"] == "word0 word1"
        await turn(caller, pcm(spoken(1.0)))
        assert (await caller.until("conversation_response"))["transcription"] == "word0"


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        ({"type": "audio", "data": "not base64!"}, "invalid_parameter", "data"),
        ({"type": "audio", "data": "wörds"}, "invalid_parameter", "data"),
        ({"type": "audio"}, "invalid_parameter", "data"),
        ({"type": "audio", "data": ""}, "conflict", None),
        ({"type": "audio", "data": "AAAA", "config": {"voice_id": "nobody"}}, "unknown_voice", None),
        ({"type": "audio", "data": "AAAA", "config": {"temperature": 9}}, "invalid_parameter", "config.temperature"),
        ({"type": "audio", "data": base64.b64encode(b"RIFF" + bytes(100)).decode()}, "undecodable_audio", None),
        ({"type": "video"}, "invalid_parameter", "type"),
        ([], "invalid_request", None),
    ],
)
async def test_what_is_wrong_is_told_and_the_next_turn_is_answered(
    server: RunningServer, message: Any, code: str, param: str | None
) -> None:
    async with calling_v1(server) as caller:
        await caller.connection.send(json.dumps(message))
        error = await caller.until("error")
        assert (error["code"], error["fatal"]) == (code, False)
        if param is not None:
            assert error["param"] == param
        await turn(caller, pcm(spoken(1.0)))
        assert (await caller.until("conversation_response"))["transcription"] == "word0"


async def test_a_reply_that_fails_is_told_with_what_was_heard(server: RunningServer, chat: ChatServer) -> None:
    chat.answers.append(Answer(status=500))
    chat.answers.append(Answer(status=500))
    chat.answers.append(Answer(status=500))
    async with calling_v1(server, response_mode="openai") as caller:
        await turn(caller, pcm(spoken(1.0)))
        assert (await caller.until("error"))["retryable"] in (True, False)
        assert (await caller.until("conversation_response"))["transcription"] == "word0"
    chat.answers.clear()


async def test_a_client_that_leaves_before_its_answer(server: RunningServer, chat: ChatServer) -> None:
    chat.answers.append(Answer("Once upon a time", stall_after=2))
    async with calling_v1(server, response_mode="openai") as caller:
        await turn(caller, pcm(spoken(1.0)))
        await asyncio.to_thread(chat.until_open, 1)
        caller.connection.transport.abort()
    await asyncio.to_thread(chat.until_open, 0)


async def test_how_many_are_inside(server: RunningServer, settings: Any) -> None:
    async with patient.AsyncClient() as client:
        status = (await client.get(f"{server.url}/ws/conversation/status")).json()
    assert status == {"active_connections": 0, "max_connections": settings.limits.live_sessions}
    async with calling_v1(server), calling(server):
        assert places(server) == 2


@pytest.mark.parametrize("query", [{"pause_aggressiveness": 7}, {"response_mode": "parrot"}])
async def test_a_bad_query_is_refused_before_it_is_accepted(server: RunningServer, query: dict[str, Any]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with calling_v1(server, **query):
            pass
    assert refused.value.response.status_code == 422
