"""The model's own speech: no acknowledgement is said behind it, and a reply that was cut stays cut."""

from __future__ import annotations

import asyncio
from typing import Any

from stts.chat import ToolCall
from stts.settings import LiveSettings, ReplySettings, Settings
from tests.routers.compat.live.delegation.line import Model, calling
from tests.virtual import virtual

DELEGATE = ToolCall("call_0", "delegate", "{}")
LONG = "a reply that is long enough for somebody who wants to say something over it"


def settings(**live: Any) -> Settings:
    return Settings(reply=ReplySettings(adapter="openai", base_url="http://x/v1"), live=LiveSettings(**live))


@virtual
async def test_no_acknowledgement_is_said_behind_a_reply_that_is_spoken_when_its_time_comes() -> None:
    model = Model()
    model.scripts.append([DELEGATE, LONG])
    delegation = {"type": "client", "acknowledgement_delay_ms": 500}
    async with calling(model, settings(acknowledgement="One moment"), delegation=delegation) as line:
        await line.say(0.9)
        await line.until("session.delegation.created")
        await line.until("session.output_transcript.delta")
        await line.heard_out()
        await asyncio.sleep(2.0)
        assert line.spoken() == LONG


@virtual
async def test_a_reply_that_was_cut_does_not_go_on_though_nothing_was_said() -> None:
    """Nothing tells a client that what was cut is resumed, so it would hear half a sentence."""
    model = Model(words="hello")
    model.scripts.append([LONG])
    async with calling(model, settings()) as line:
        await line.say(0.9)
        await line.until("session.output_transcript.delta")
        model.words = ""
        await line.say(0.9)
        said = line.spoken()
        assert len(said) < len(LONG) / 2
        await asyncio.sleep(6.0)
        assert line.spoken() == said
    assert len(model.replies) == 1
