from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.local import WORDS, EchoReply, TemplateReply
from stts.chat import Message, ReplyConfig, ReplyEvent, ReplyText
from stts.context import RequestContext
from stts.settings import ReplySettings, Settings


async def words(events: AsyncGenerator[ReplyEvent, None]) -> list[str]:
    return [event.delta async for event in events if isinstance(event, ReplyText)]


def template(text: str) -> TemplateReply:
    settings = Settings(reply=ReplySettings(template=text))
    return TemplateReply(lambda: settings)


async def replied(adapter: EchoReply | TemplateReply, *messages: Message) -> list[str]:
    return await words(adapter.reply(messages, ReplyConfig(), RequestContext("conversation")))


async def test_an_echo_says_the_last_of_the_user_s_words_one_by_one() -> None:
    history = [Message("user", "first"), Message("assistant", "ok"), Message("user", "good  morning.\n")]
    assert await replied(EchoReply(), *history) == ["good", "  morning.", "\n"]
    assert await replied(EchoReply(), *history, Message("tool", "found", call_id="a")) == ["good", "  morning.", "\n"]
    assert await replied(EchoReply()) == []


@given(st.text())
def test_the_words_joined_are_the_text(text: str) -> None:
    assert "".join(WORDS.findall(text)) == text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("You said: {text}", "You said: a {b} {text}"),
        ("{0} {text.__class__} {{text}}", "{0} {text.__class__} {a {b} {text}}"),
        ("Nothing.", "Nothing."),
        ("100 % {", "100 % {"),
    ],
)
async def test_of_a_template_only_the_text_is_replaced(form: str, said: str) -> None:
    assert "".join(await replied(template(form), Message("user", "a {b} {text}"))) == said
