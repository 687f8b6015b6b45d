"""WS /ws/conversation/v2 with clients, engines and language models that do what they should not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from stts.settings import LimitSettings, SecuritySettings, Settings
from tests import patient
from tests.chat_server import Answer, ChatServer
from tests.fakes import registry
from tests.routers.websocket.caller import Caller, address, calling, pcm, silence, spoken, tasks, until_idle
from tests.routers.websocket.deaf import deaf_registry
from tests.server import RunningServer, running


class TestMessages:
    @pytest.mark.parametrize(
        ("message", "code", "param"),
        [
            ("{", "invalid_request", None),
            ("[]", "invalid_request", None),
            ("null", "invalid_request", None),
            ('"text"', "invalid_request", None),
            ("[" * 10_000, "invalid_request", None),
            ('{"type": "text", "text": "\\ud800"}', "invalid_request", None),
            ('{"type": NaN}', "invalid_request", None),
            ("{}", "invalid_parameter", "type"),
            ('{"type": "dance"}', "invalid_parameter", "type"),
            ('{"type": 7}', "invalid_parameter", "type"),
            ('{"type": ["text"]}', "invalid_parameter", "type"),
            ('{"type": "text"}', "invalid_parameter", "text"),
            ('{"type": "text", "text": ""}', "invalid_parameter", "text"),
            ('{"type": "text", "text": 7}', "invalid_parameter", "text"),
            ('{"type": "played", "generation": 1}', "invalid_parameter", "ms"),
            ('{"type": "played", "generation": -1, "ms": 5}', "invalid_parameter", "generation"),
            ('{"type": "played", "generation": 1, "ms": 1e999}', "invalid_parameter", "ms"),
            ('{"type": "session.update"}', "invalid_parameter", "config"),
            ('{"type": "session.update", "config": 5}', "invalid_parameter", "config"),
            ('{"type": "commit"}', "conflict", None),
        ],
    )
    async def test_one_error_and_the_session_lives(
        self, server: RunningServer, message: str, code: str, param: str | None
    ) -> None:
        async with calling(server, mode="text") as caller:
            await caller.connection.send(message)
            error = await caller.until("error")
            assert (error["code"], error["fatal"]) == (code, False)
            assert error.get("param") == param
            await caller.alive()

    async def test_an_error_does_not_say_back_what_was_sent(self, server: RunningServer) -> None:
        secret = "my-secret-words"
        async with calling(server) as caller:
            for message in (secret, {"type": secret}, {"type": "session.update", "config": {"voice": secret}}):
                await caller.connection.send(message if isinstance(message, str) else json.dumps(message))
                assert secret not in json.dumps(await caller.until("error"))

    async def test_what_makes_no_sense_now_is_quietly_nothing(self, server: RunningServer) -> None:
        async with calling(server) as caller:
            for type in ("cancel", "clear", "clear", "cancel"):
                await caller.send(type)
            await caller.send("played", generation=99, ms=5)
            await caller.alive()

    async def test_a_reply_is_not_asked_for_twice(self, server: RunningServer) -> None:
        async with calling(server, reply="template") as caller:
            await caller.send("text", text="something")
            await caller.audio(0.1)
            await caller.send("respond")
            error = await caller.until("error")
            assert error["code"] == "conflict"
            await caller.send("cancel")
            assert (await caller.until("reply.done"))["status"] == "cancelled"


class TestAudio:
    @pytest.mark.parametrize("size", [1, 3, 7, 639, 641])
    async def test_messages_may_be_cut_anywhere(self, server: RunningServer, size: int) -> None:
        data = pcm(spoken(1.0))
        async with calling(server, turn_detection="false", mode="text") as caller:
            for start in range(0, len(data) if size > 100 else 20_000, size):
                await caller.connection.send(data[start : start + size])
            await caller.send("commit")
            assert (await caller.until("transcript"))["text"] == "word0"
            await caller.until("reply.done")

    async def test_empty_messages_are_nothing(self, server: RunningServer) -> None:
        async with calling(server) as caller:
            for _ in range(1000):
                await caller.connection.send(b"")
            await caller.send("commit")
            assert (await caller.until("error"))["code"] == "conflict"
            await caller.alive()

    async def test_floats_that_are_no_numbers_hurt_nobody(self, server: RunningServer) -> None:
        async with calling(server, format="pcm_f32le", mode="text") as caller:
            bad = np.array([np.nan, np.inf, -np.inf, 1e30] * 4000, "<f4").tobytes()
            await caller.connection.send(bad)
            await caller.connection.send(np.concatenate((silence(1), spoken(), silence(1))).astype("<f4").tobytes())
            await caller.until("transcript", lambda event: event["text"] != "")
            await caller.until("reply.done")

    async def test_fifteen_megabytes_at_once(self, server: RunningServer) -> None:
        """Eight minutes: other sessions go on meanwhile."""
        async with calling(server) as caller, calling(server) as other:
            await caller.connection.send(bytes(15 * 1024 * 1024))
            await other.send("text", text="me too")
            done = await other.until("reply.done")
            assert done["status"] == "completed"
            await caller.alive()

    async def test_a_message_beyond_the_limit_ends_the_connection(self, server: RunningServer) -> None:
        async with calling(server) as caller:
            with pytest.raises(ConnectionClosed) as closed:
                await caller.connection.send(bytes(17 * 1024 * 1024))
                while True:
                    await caller.next()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009

    async def test_fifty_thousand_tiny_messages(self, server: RunningServer) -> None:
        data = pcm(spoken(0.8))
        async with calling(server, turn_detection="false", mode="text") as caller, calling(server) as other:
            for number in range(50_000):
                await caller.connection.send(data[number % len(data) : number % len(data) + 1])
                if number == 25_000:
                    await other.send("text", text="me too")
                    assert (await other.until("reply.done"))["status"] == "completed"
            await caller.send("commit")
            await caller.until("reply.done")
            await caller.alive()

    async def test_a_flood_of_commands(self, server: RunningServer) -> None:
        async with calling(server, turn_detection="false", mode="text") as caller:
            for _ in range(2000):
                await caller.connection.send(pcm(spoken(0.1)))
                await caller.send("clear")
                await caller.send("cancel")
            await caller.alive()
            heard = [event["type"] for event in caller.events if event["type"].startswith(("transcript", "reply"))]
            assert heard == [], "all of it was cleared"
            await caller.send("text", text="something")
            assert (await caller.until("reply.done"))["status"] == "completed"

    async def test_a_client_that_asks_and_never_reads(self, server: RunningServer) -> None:
        """The server stops reading it, instead of keeping what it has to say."""
        async with calling(server, mode="text") as caller:
            caller.connection.transport.pause_reading()
            text = "x" * 50_000
            with pytest.raises(TimeoutError):
                for _ in range(2000):
                    async with asyncio.timeout(0.9):
                        await caller.send("text", text=text)
            caller.connection.transport.abort()


class TestLeaving:
    @pytest.mark.parametrize("state", ["silent", "speaking", "pausing", "thinking", "answered", "held", "preparing"])
    async def test_a_client_that_vanishes(self, server: RunningServer, state: str) -> None:
        async with calling(server, reply="template") as caller:
            if state == "speaking":
                await caller.say(spoken(1.0))
                await caller.until("speech_start")
            elif state in ("pausing", "preparing"):
                await caller.say(spoken(), silence(0.3))
                await caller.until("partial")
            elif state == "thinking":
                await caller.say(spoken(), silence(0.6))
                await caller.until("speech_end")
            elif state in ("answered", "held"):
                await caller.say(spoken(), silence(0.8), live=True)
                await caller.audio(0.3)
            if state == "held":
                await caller.say(spoken(0.8))
                await caller.until("interrupted")
            caller.connection.transport.abort()

    async def test_a_goodbye_in_the_middle_of_a_reply(self, server: RunningServer) -> None:
        async with calling(server, reply="template") as caller:
            await caller.send("text", text="something")
            await caller.audio(0.2)
            await caller.send("close")
            assert await caller.ended() == 1000


class TestEngines:
    async def test_speech_that_fails_costs_the_reply(self, server: RunningServer) -> None:
        async with calling(server) as caller:
            await caller.send("text", text="explode please")
            done = await caller.until("reply.done")
            assert done["status"] == "failed"
            assert done["error"]["code"] == "engine_failed"
            assert "tone broke" not in json.dumps(caller.events)
            await caller.send("text", text="and now")
            assert (await caller.until("reply.done"))["status"] == "completed"

    async def test_a_model_that_stalls_costs_the_reply(self, impatient: RunningServer, chat: ChatServer) -> None:
        async with calling(impatient, reply="openai") as caller:
            for stall, text in ((0, ""), (4, "Once upon a")):
                chat.answers.append(Answer("Once upon a time there was", stall_after=stall))
                await caller.send("text", text="tell me")
                done = await caller.until("reply.done")
                assert (done["status"], done["error"]["code"]) == ("failed", "reply_timeout")
                assert done["text"].strip() == text
            await caller.send("text", text="again")
            done = await caller.until("reply.done")
            assert (done["status"], done["text"]) == ("completed", "You said: again")
        chat.until_open(0)

    async def test_a_model_that_fails_costs_the_reply(self, server: RunningServer, chat: ChatServer) -> None:
        async with calling(server, reply="openai") as caller:
            for answer in (Answer(status=401), Answer("Once upon a time", drop_after=2), Answer("Once", break_after=1)):
                chat.answers.append(answer)
                await caller.send("text", text="tell me")
                done = await caller.until("reply.done")
                assert done["status"] == "failed"
                assert "secret words" not in json.dumps(caller.events)
            await caller.send("text", text="again")
            assert (await caller.until("reply.done"))["status"] == "completed"

    async def test_a_client_that_leaves_ends_the_request_for_its_reply(
        self, server: RunningServer, chat: ChatServer
    ) -> None:
        async with calling(server, reply="openai") as caller:
            chat.answers.append(Answer("Once upon a time", stall_after=2))
            await caller.send("text", text="tell me")
            await caller.until("reply.delta")
            assert chat.open == 1
            caller.connection.transport.abort()
        await asyncio.to_thread(chat.until_open, 0)

    async def test_a_tool_is_called_and_its_output_answered(self, server: RunningServer, chat: ChatServer) -> None:
        tool = {"name": "weather", "description": "Tells the weather.", "parameters": {"type": "object"}}
        async with calling(server, reply="openai", mode="text") as caller:
            await caller.send("session.update", config={"tools": [tool]})
            await caller.until("session.updated")
            chat.answers.append(Answer(calls=(("call_1", "weather", '{"city": "Rome"}'),), finish="tool_calls"))
            await caller.send("text", text="what is the weather")
            call = await caller.until("tool_call")
            assert (call["call_id"], call["name"], call["arguments"]) == ("call_1", "weather", '{"city": "Rome"}')
            await caller.until("reply.done")
            await caller.send("tool_output", call_id="call_1", output="sunny")
            chat.answers.append(Answer("It is sunny."))
            await caller.send("respond")
            assert (await caller.until("reply.done"))["text"] == "It is sunny."
        roles = [message["role"] for message in chat.requests[-1]["messages"]]
        assert roles[-3:] == ["user", "assistant", "tool"]

    async def test_the_output_of_a_tool_that_nobody_called_is_not_kept(self, server: RunningServer) -> None:
        async with calling(server, mode="text") as caller:
            await caller.send("tool_output", call_id="call_9", output="sunny")
            error = await caller.until("error")
            assert (error["code"], error["param"], error["fatal"]) == ("invalid_parameter", "call_id", False)
            session = caller.events[0]["session"]
        async with calling(server, session=session) as caller:
            assert caller.events[0]["history"] == 0


KEY = "open-sesame"


@pytest.fixture(scope="module")
def guarded(settings: Settings) -> Iterator[RunningServer]:
    changes = {
        "security": SecuritySettings.model_validate({"api_key": KEY, "query_keys": True}),
    }
    with running(settings.model_copy(update=changes), registry()) as server:
        yield server


class TestAccess:
    @pytest.mark.parametrize("path", ["/ws/conversation/v2", "/ws/conversation"])
    async def test_without_its_key_nobody_comes_in(self, guarded: RunningServer, path: str) -> None:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"X-API-Key": ""}):
            with pytest.raises(InvalidStatus) as refused:
                async with calling(guarded, path, greeted=False, headers=headers):
                    pass
            assert refused.value.response.status_code == 401

    @pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {KEY}"}, {"X-API-Key": KEY}])
    async def test_the_key_in_a_header(self, guarded: RunningServer, headers: dict[str, str]) -> None:
        async with calling(guarded, headers=headers) as caller:
            await caller.alive()

    async def test_the_key_in_the_query(self, guarded: RunningServer) -> None:
        async with calling(guarded, api_key=KEY) as caller:
            await caller.alive()

    async def test_the_key_as_a_subprotocol(self, guarded: RunningServer) -> None:
        offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{KEY}")]
        async with patient.connect(address(guarded, "/ws/conversation/v2"), subprotocols=offered) as connection:
            assert connection.subprotocol == "realtime"
            caller = Caller(connection, "conversation_v2_server")
            await caller.until("session.created")

    async def test_a_socket_on_which_nothing_passes_is_closed(self, settings: Settings) -> None:
        restless = settings.model_copy(update={"limits": LimitSettings(idle_seconds=0.5)})
        with running(restless, registry()) as server:
            async with calling(server, greeted=False) as caller:
                error = await caller.until("error")
                assert (error["code"], error["fatal"]) == ("idle_timeout", True)
                assert await caller.ended() == 1008


async def test_a_deaf_engine_costs_the_turn(settings: Settings) -> None:
    changed = settings.model_copy(update={"stt": settings.stt.model_copy(update={"order": ("deaf",)})})
    with running(changed, deaf_registry()) as server:
        at_rest = tasks(server)
        async with calling(server, turn_detection="false", mode="text") as caller:
            await caller.say(spoken(1.0))
            await caller.send("commit")
            failed = await caller.until("transcript_failed")
            assert failed["error"]["code"] == "engine_failed"
            metrics = await caller.until("turn_metrics")
            assert metrics["generation"] == 0
            await caller.send("text", text="never mind")
            assert (await caller.until("reply.done"))["status"] == "completed"
        async with calling(server, turn_detection="false", mode="text", stt="mute") as caller:
            await caller.say(spoken(1.0))
            await caller.send("commit")
            assert (await caller.until("transcript"))["text"] == ""
            await caller.until("turn_metrics")
            await caller.alive()
        until_idle(server, at_rest)
