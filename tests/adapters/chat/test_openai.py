"""Against a real server on a real socket, through the official client."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.chat.router import Replies
from stts.chat import (
    Message,
    ReplyConfig,
    ReplyEvent,
    ReplyRequest,
    ReplyText,
    ReplyToolCall,
    ReplyUsage,
    Tool,
    ToolCall,
)
from stts.context import RequestContext
from stts.errors import EngineNotInstalled, ReplyFailed, ReplyTimeout
from stts.settings import ReplySettings, Settings
from tests import patient
from tests.chat_server import Answer, ChatServer, chat_server
from tests.skipping import skip

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parent.parent.parent.parent

PRIVATE = "a private matter"


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with chat_server() as chat:
        yield chat


@pytest.fixture
def chat(server: ChatServer) -> ChatServer:
    server.answers.clear()
    server.requests.clear()
    server.keys.clear()
    return server


class House:
    """Replies whose settings a test can change while it runs."""

    def __init__(self, url: str) -> None:
        self.settings = Settings()
        self.change(adapter="openai", base_url=url, api_key=SecretStr("sk-secret"), model="small")
        self.replies = Replies(lambda: self.settings)

    def change(self, **values: Any) -> None:
        reply = ReplySettings(**{**dict(self.settings.reply), **values})
        self.settings = self.settings.model_copy(update={"reply": reply})

    async def reply(self, *messages: Message, **config: Any) -> list[ReplyEvent]:
        request = ReplyRequest(messages or (Message("user", PRIVATE),), ReplyConfig(**config))
        async with aclosing(self.replies.reply(RequestContext("conversation"), request)) as events:
            return [event async for event in events]


@pytest.fixture
async def house(chat: ChatServer) -> AsyncIterator[House]:
    made = House(chat.url)
    yield made
    await made.replies.close()


def text(events: list[ReplyEvent]) -> str:
    return "".join(event.delta for event in events if isinstance(event, ReplyText))


async def test_a_reply_comes_word_by_word_with_what_it_cost(house: House, chat: ChatServer) -> None:
    events = await house.reply(Message("user", "good morning"))
    assert text(events) == "You said: good morning"
    assert len(events) == 5
    assert events[-1] == ReplyUsage(11, 7)
    assert chat.keys == ["Bearer sk-secret"]


async def test_what_is_asked_is_what_the_settings_and_the_request_say(house: House, chat: ChatServer) -> None:
    await house.reply(Message("user", "hi"))
    first = chat.requests[-1]
    assert first["messages"][0] == {"role": "system", "content": house.settings.reply.system_prompt}
    assert (first["model"], first["max_tokens"], "temperature" in first) == ("small", 1024, False)
    house.change(model="large", temperature=0.5, max_tokens=50, system_prompt="")
    await house.reply(Message("user", "hi"))
    assert chat.requests[-1]["messages"] == [{"role": "user", "content": "hi"}]
    assert [chat.requests[-1][name] for name in ("model", "temperature", "max_tokens")] == ["large", 0.5, 50]
    await house.reply(model="own", temperature=0.0, max_tokens=5, instructions="Rhyme.", tools=(Tool("look"),))
    assert [chat.requests[-1][name] for name in ("model", "temperature", "max_tokens")] == ["own", 0.0, 5]
    assert chat.requests[-1]["messages"][0]["content"] == "Rhyme."
    assert chat.requests[-1]["tools"] == [{"type": "function", "function": {"name": "look"}}]


async def test_calls_of_several_tools_at_once(house: House, chat: ChatServer) -> None:
    calls = (("a", "look", '{"at": "it"}'), ("b", "listen", '{"to": "her"}'))
    chat.answers.append(Answer("Let me see.", calls, finish="tool_calls"))
    events = await house.reply(tools=(Tool("look"), Tool("listen")))
    assert text(events) == "Let me see."
    assert [event.call for event in events if isinstance(event, ReplyToolCall)] == [ToolCall(*call) for call in calls]


async def test_a_reply_that_grew_too_long_says_so_and_calls_nothing(house: House, chat: ChatServer) -> None:
    chat.answers.append(Answer("Once upon a", (("a", "look", '{"at": "it"}'),), finish="length"))
    events = await house.reply()
    assert text(events) == "Once upon a"
    assert events[-1] == ReplyUsage(11, 7, cut=True)
    assert not any(isinstance(event, ReplyToolCall) for event in events)


async def test_an_endpoint_that_never_ends_is_cut_off(
    house: House, chat: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.chat.openai.MOST_CHARACTERS", 100)
    chat.answers.append(Answer("word " * 1000))
    events = await house.reply()
    assert 100 < len(text(events)) < 120
    assert events[-1] == ReplyUsage(0, 0, cut=True)


async def test_an_endpoint_that_knows_no_stream_options_is_asked_without_from_then_on(
    house: House, chat: ChatServer
) -> None:
    chat.always = Answer(refuses=("stream_options",))
    try:
        for _ in range(2):
            events = await house.reply(Message("user", "hi"))
            assert text(events) == "You said: hi"
            assert not any(isinstance(event, ReplyUsage) for event in events)
    finally:
        chat.always = Answer()
    assert ["stream_options" in request for request in chat.requests] == [True, False, False]


async def test_a_model_that_takes_the_limit_by_its_newer_name(house: House, chat: ChatServer) -> None:
    chat.always = Answer(refuses=("max_tokens",))
    try:
        assert text(await house.reply(Message("user", "hi"))) == "You said: hi"
        assert text(await house.reply(Message("user", "hi"))) == "You said: hi"
    finally:
        chat.always = Answer()
    assert [request.get("max_completion_tokens") for request in chat.requests] == [None, 1024, 1024]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(status=401), "401: check reply.api_key"),
        (Answer(status=403), "403: check reply.api_key"),
        (Answer(status=404), "404: check reply.base_url and reply.model"),
        (Answer(status=418), "418: its own log may say why"),
        (Answer(status=400), "400: check reply.model"),
        (Answer(status=422, body="no json"), "422: check reply.model"),
        (Answer(drop_after=0), "broke the connection"),
        (Answer(drop_after=2), "broke the connection"),
        (Answer(break_after=0), "no streamed chat completion"),
        (Answer(break_after=2), "no streamed chat completion"),
        (Answer(break_after=2, broken='{"choices": [7]}'), "no streamed chat completion"),
        (Answer(break_after=2, broken='{"choices": "words"}'), "no streamed chat completion"),
        (Answer(break_after=2, broken='{"error": {"message": "a private matter"}}'), "ended its reply with an error"),
        (Answer(status=200, whole="<html>welcome</html>"), "no streamed chat completion"),
    ],
)
async def test_an_endpoint_that_fails_is_one_clear_error(
    house: House, chat: ChatServer, answer: Answer, message: str
) -> None:
    chat.answers.extend([answer] * (2 if answer.status in (400, 422) else 1))
    with pytest.raises(ReplyFailed) as failed:
        await house.reply()
    assert message in failed.value.message
    assert not any(secret in failed.value.message for secret in (PRIVATE, "sk-secret", "secret words", chat.url))
    assert (failed.value.code, failed.value.status, failed.value.retryable) == ("reply_failed", 502, True)
    assert text(await house.reply(Message("user", "again"))) == "You said: again"


async def test_a_failure_that_passes_is_not_noticed(house: House, chat: ChatServer) -> None:
    chat.answers.append(Answer(status=500))
    assert text(await house.reply(Message("user", "hi"))) == "You said: hi"
    chat.answers.extend([Answer(status=500)] * 2)
    with pytest.raises(ReplyFailed, match="status 500"):
        await house.reply()


@pytest.mark.parametrize("stall_after", [0, 1])
async def test_an_endpoint_that_says_nothing(house: House, chat: ChatServer, stall_after: int) -> None:
    """The empty piece with which replies begin is not a word yet."""
    house.change(first_token_seconds=0.05)
    chat.answers.append(Answer("Once upon a time", stall_after=stall_after))
    with pytest.raises(ReplyTimeout, match=r"for 0.05 s \(reply.first_token_seconds\)"):
        await house.reply()
    await asyncio.to_thread(chat.until_open, 0)


async def test_an_endpoint_that_stalls_in_the_middle_of_a_sentence(house: House, chat: ChatServer) -> None:
    chat.answers.append(Answer("Once upon a time", stall_after=3))
    request = ReplyRequest((Message("user", "hi"),), ReplyConfig())
    said = []
    with pytest.raises(ReplyTimeout, match=r"reply.token_seconds") as failed:
        async with aclosing(house.replies.reply(RequestContext("conversation"), request)) as events:
            async for event in events:
                said.append(event)
                if len(said) == 2:
                    asyncio.get_running_loop().call_soon(skip, house.settings.reply.token_seconds)
    assert said == [ReplyText("Once"), ReplyText(" upon")]
    assert (failed.value.code, failed.value.status) == ("reply_timeout", 504)
    await asyncio.to_thread(chat.until_open, 0)


async def test_the_time_a_reader_takes_is_not_the_endpoint_s(house: House, chat: ChatServer) -> None:
    request = ReplyRequest((Message("user", "one two three"),), ReplyConfig())
    async with aclosing(house.replies.reply(RequestContext("conversation"), request)) as events:
        await anext(events)
        skip(house.settings.reply.token_seconds + 1)
        await asyncio.sleep(0)
        rest = [event async for event in events]
    assert text(rest) == " said: one two three"


async def test_leaving_a_reply_ends_its_request(house: House, chat: ChatServer) -> None:
    chat.answers.append(Answer("Once upon a time", stall_after=3))
    request = ReplyRequest((Message("user", "hi"),), ReplyConfig())
    events = house.replies.reply(RequestContext("conversation"), request)
    await anext(events)
    assert chat.open == 1
    await events.aclose()
    await asyncio.to_thread(chat.until_open, 0)


async def test_cancelling_a_reply_ends_its_request(house: House, chat: ChatServer) -> None:
    chat.answers.append(Answer("Once upon a time", stall_after=0))
    task = asyncio.create_task(house.reply())
    await asyncio.to_thread(chat.until_open, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(chat.until_open, 0)


async def test_replies_at_the_same_time_do_not_mix(house: House) -> None:
    said = await asyncio.gather(*(house.reply(Message("user", f"number {number}")) for number in range(20)))
    assert [text(each) for each in said] == [f"You said: number {number}" for number in range(20)]


async def test_nobody_at_the_address() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # held, so that nobody else is given it
        house = House(f"http://somebody:password@127.0.0.1:{deaf.getsockname()[1]}/v1")
        with pytest.raises(ReplyFailed, match="cannot be reached") as failed:
            await house.reply()
    assert "password" not in failed.value.message
    await house.replies.close()


@pytest.mark.parametrize("url", ["not an address", "ftp://127.0.0.1/v1", "http://["])
async def test_an_address_that_is_none(url: str) -> None:
    house = House(url)
    with pytest.raises(ReplyFailed, match=r"reply\.base_url"):
        await house.reply()
    await house.replies.close()


async def test_no_address_at_all() -> None:
    house = House("x")
    house.change(base_url=None)
    with pytest.raises(ReplyFailed, match=r"set reply\.base_url"):
        await house.reply()
    await house.replies.close()


async def test_without_a_key_something_harmless_is_sent(chat: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    house = House(chat.url)
    house.change(api_key=None)
    await house.reply()
    assert chat.keys == ["Bearer none"]
    await house.replies.close()


async def test_addresses_are_not_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await house.reply()
    assert [record.name for record in caplog.records if not record.name.startswith("uvicorn")] == []


async def test_a_missing_client_is_the_command_that_installs_it(
    chat: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    house = House(chat.url)
    with pytest.raises(EngineNotInstalled, match=r"pip install -r requirements/reply\.txt"):
        await house.reply()
    await house.replies.close()


def test_the_client_is_not_loaded_before_it_is_needed() -> None:
    code = (
        "import sys\nfrom adapters.chat.router import Replies\nfrom stts.settings import Settings\n"
        "Replies(Settings)\nprint('openai' in sys.modules)"
    )
    shown = patient.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
