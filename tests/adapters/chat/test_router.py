from __future__ import annotations

import sys
from contextlib import aclosing

import pytest

from adapters.chat.router import Replies
from stts.chat import Message, ReplyConfig, ReplyEvent, ReplyRequest, ReplyText
from stts.context import RequestContext
from stts.errors import InvalidParameter
from stts.settings import ReplySettings, Settings


async def replied(replies: Replies, context: RequestContext, adapter: str | None = None) -> list[ReplyEvent]:
    request = ReplyRequest((Message("user", "good morning"),), ReplyConfig(adapter=adapter))
    async with aclosing(replies.reply(context, request)) as events:
        return [event async for event in events]


async def test_the_settings_choose_and_a_request_may_choose_another() -> None:
    settings = Settings()
    replies = Replies(lambda: settings)
    context = RequestContext("conversation")
    assert await replied(replies, context) == [ReplyText("good"), ReplyText(" morning")]
    assert (context.output_data.engine, context.metrics.characters) == ("echo", 12)
    settings = Settings(reply=ReplySettings(adapter="template"))
    assert len(await replied(replies, context)) == 4
    assert (context.output_data.engine, context.metrics.characters) == ("template", 22)
    await replied(replies, context, "echo")
    assert context.output_data.engine == "echo"
    await replies.close()


async def test_a_name_that_nobody_has_is_refused_and_not_repeated() -> None:
    context = RequestContext("conversation")
    with pytest.raises(InvalidParameter) as refused:
        await replied(Replies(Settings), context, "nosuch")
    assert (refused.value.param, refused.value.allowed) == ("reply", ["echo", "template", "openai"])
    assert "nosuch" not in refused.value.message
    assert context.output_data.engine is None


async def test_what_the_first_reply_would_wait_for_is_loaded_before(capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(reply=ReplySettings(adapter="openai", base_url="http://127.0.0.1:9/v1"))
    replies = Replies(lambda: settings)
    await replies.prepare()
    assert "openai" in sys.modules
    assert capsys.readouterr().out == ""
    await replies.close()


async def test_what_is_missing_for_replies_is_logged_when_the_server_starts(capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(reply=ReplySettings(adapter="openai"))
    await Replies(lambda: settings).prepare()
    assert "set reply.base_url" in capsys.readouterr().out
    settings = Settings()
    await Replies(lambda: settings).prepare()
    assert capsys.readouterr().out == ""
