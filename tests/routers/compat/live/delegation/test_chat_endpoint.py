"""The official client on a real socket, with a chat endpoint on another one behind the server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from adapters.chat.router import Replies
from stts.conversation.services import SessionServices
from stts.settings import ReplySettings, Settings
from tests.chat_server import Answer, ChatServer, chat_server
from tests.patient import PATIENCE
from tests.routers.compat.live.conftest import Served, serving
from tests.routers.compat.live.talk import Talk, silence, tone
from tests.stts.conversation.caller import World

pytestmark = [pytest.mark.socket, pytest.mark.long]

TOOLS = [{"type": "function", "name": "look", "parameters": {"type": "object"}}]
RESPONSES = {"type": "responses", "responses": {"model": "small", "tools": TOOLS, "max_output_tokens": 64}}
OUTPUT = "session.output_transcript.delta"


class ChatWorld(World):
    """A world whose replies come from a chat endpoint."""

    replies_by: Replies

    def parts(self) -> SessionServices:
        return replace(super().parts(), reply=self.replies_by.reply)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[ChatServer]:
    with chat_server() as chat:
        yield chat


@pytest.fixture
def chat(endpoint: ChatServer) -> ChatServer:
    endpoint.answers.clear()
    endpoint.requests.clear()
    return endpoint


@contextmanager
def serving_with(url: str, **reply: Any) -> Iterator[Served]:
    settings = ReplySettings(adapter="openai", base_url=url, model="ours", **reply)
    world = ChatWorld()
    world.replies_by = Replies(lambda: Settings(reply=settings))
    with serving(world, reply=settings) as served:
        yield served
        asyncio.run_coroutine_threadsafe(world.replies_by.close(), served._loop).result(PATIENCE)


async def response(talk: Talk, type: str) -> dict[str, Any]:
    """The next event of that type of a response."""
    told = await talk.until("response.event", lambda event: event["event"]["type"] == f"response.{type}")
    return told["event"]  # type: ignore[no-any-return]


async def test_a_turn_with_functions_from_the_first_word_to_the_last(chat: ChatServer) -> None:
    calls = (("call_a", "look", '{"at": "it"}'), ("call_b", "look", '{"at": "her"}'))
    chat.answers += [Answer("one two", calls, finish="tool_calls"), Answer("all is well")]
    with serving_with(chat.url) as served:
        async with served.talk() as talk:
            session = await talk.start(delegation=RESPONSES, instructions="Be kind.")
            assert session["delegation"]["responses"]["tools"] == TOOLS
            await talk.say(tone(0.9), silence(0.9))
            created = await talk.until("session.delegation.created")
            completed = await response(talk, "completed")
            assert completed["response"]["id"] == created["delegation"]["response_id"]
            assert completed["response"]["usage"]["total_tokens"] == 18
            items = [each["event"] for each in talk.of("response.event")]
            done = [each["item"] for each in items if each["type"] == "response.output_item.done"]
            assert [(item["call_id"], item["name"], item["arguments"]) for item in done[1:]] == list(calls)
            for call_id in ("call_a", "call_b"):
                item = {"type": "function_call_output", "call_id": call_id, "output": "a cat"}
                await talk.send("response.item.create", item=item)
            await talk.send("response.create")
            await talk.until(OUTPUT, lambda event: event["delta"].endswith("well"))
            assert talk.text("output") == "one two all is well"
            assert not talk.of("error")
    first, second = chat.requests
    assert first["messages"][0] == {"role": "system", "content": "Be kind."}
    assert (first["model"], first["max_tokens"]) == ("small", 64)
    assert [each.get("tool_call_id") for each in second["messages"][-2:]] == ["call_a", "call_b"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer("one two three", stall_after=2),
        Answer("one two three", drop_after=3),
        Answer("one two three", break_after=3),
        Answer(calls=(("call_a", "look", '{"at": '),), finish="tool_calls"),
    ],
    ids=["refused", "stalled", "dropped", "broken", "unreadable arguments"],
)
async def test_a_fault_of_the_endpoint_fails_one_response(chat: ChatServer, answer: Answer) -> None:
    chat.answers += [answer, answer] if answer.status == 500 else [answer]
    with serving_with(chat.url, first_token_seconds=5, token_seconds=0.5) as served:
        async with served.talk() as talk:
            await talk.start(delegation=RESPONSES)
            await talk.say(tone(0.9), silence(0.9))
            failed = await response(talk, "failed")
            assert failed["response"]["error"]["message"]
            chat.answers.clear()
            await talk.send("response.item.create", item={"role": "user", "content": "go on"})
            await talk.send("response.create")
            await response(talk, "completed")
            await talk.until(OUTPUT, lambda event: event["delta"].endswith("on"))
            assert "secret" not in str(talk.events)


async def test_an_endpoint_that_there_is_not(chat: ChatServer) -> None:
    with serving_with("http://127.0.0.1:9/v1") as served:
        async with served.talk() as talk:
            await talk.start(delegation=RESPONSES)
            await talk.say(tone(0.9), silence(0.9))
            assert isinstance((await talk.error())["code"], str)
            await response(talk, "failed")
            await talk.send("session.close")
            await talk.until("session.closed")


async def test_the_model_delegates_to_the_app(chat: ChatServer) -> None:
    chat.answers += [Answer("a moment", (("call_0", "delegate", "{}"),), finish="tool_calls"), Answer("at eight")]
    with serving_with(chat.url) as served:
        async with served.talk() as talk:
            await talk.start()
            await talk.say(tone(0.9), silence(0.9))
            id = (await talk.until("session.delegation.created"))["delegation"]["id"]
            await talk.send("session.commentary.append", content="booked 20:00", delegation_id=id)
            await talk.until(OUTPUT, lambda event: event["delta"].endswith("eight"))
            assert talk.text("output") == "a moment at eight"
    assert chat.requests[1]["tool_choice"] == "none"
    assert chat.requests[1]["messages"][-1]["content"].endswith("booked 20:00")
