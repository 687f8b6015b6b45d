"""A session that is wound down: nothing more begins, and what was begun is finished and told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from stts.conversation.config import SessionConfig
from stts.conversation.events import (
    AudioFrame,
    FinalTranscript,
    PartialTranscript,
    PromptDue,
    ReplyEnded,
    ReplyStarted,
    TurnCommitted,
)
from stts.vad.rules import TurnRules
from tests.stts.conversation.caller import Caller, World, calling, silence, tone
from tests.virtual import virtual

LISTENS = replace(SessionConfig(), reply=None)
PUSHED = replace(SessionConfig(), turns=None)


async def at_rest(caller: Caller) -> None:
    while not caller.session.at_rest:  # noqa: ASYNC110 - many things bring it to rest
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("rules", [None, TurnRules()])
@virtual
async def test_the_turn_that_goes_on_is_over_and_its_words_are_told(rules: TurnRules | None) -> None:
    async with calling(World(finishing=0.5), replace(LISTENS, turns=rules)) as caller:
        await caller.say(tone(1.6))
        await caller.until(PartialTranscript)
        caller.session.wind_down()
        assert not caller.session.at_rest
        await at_rest(caller)
        (final,) = caller.of(FinalTranscript)
        assert final.text == "word0 word1 word2 word3 word4"
        assert [event.pushed for event in caller.of(TurnCommitted)] == [False]


@virtual
async def test_nobody_speaks() -> None:
    async with calling(World(), LISTENS) as caller:
        await caller.say(silence(1.0))
        assert not caller.session.at_rest
        caller.session.wind_down()
        await at_rest(caller)
        assert caller.names() == []


@virtual
async def test_the_turn_is_answered() -> None:
    async with calling(World()) as caller:
        await caller.say(tone(1.5))
        caller.session.wind_down()
        await at_rest(caller)
        (ended,) = caller.of(ReplyEnded)
        assert ended.status == "completed" and ended.text.startswith("word0 word1") and caller.of(AudioFrame)


@virtual
async def test_a_reply_is_heard_out_though_the_client_had_begun_a_turn() -> None:
    """By its own commit it would have ended that reply; nobody has committed."""
    async with calling(World(reply="this is a reply that takes a while to be said"), PUSHED) as caller:
        await caller.say(tone(0.7))
        caller.session.commit()
        await caller.until(AudioFrame)
        await caller.say(tone(0.7))
        caller.session.wind_down()
        await at_rest(caller)
        assert [event.status for event in caller.of(ReplyEnded)] == ["completed", "completed"]
        assert len(caller.of(FinalTranscript)) == 2


@virtual
async def test_no_audio_is_taken() -> None:
    async with calling(World(), PUSHED) as caller:
        await caller.say(tone(0.7))
        caller.session.wind_down()
        await caller.session.hear(tone(30.0))
        caller.session.commit()
        caller.session.clear()
        await at_rest(caller)
        (turn,) = caller.of(TurnCommitted)
        assert turn.seconds == pytest.approx(0.7, abs=0.064) and len(caller.of(ReplyEnded)) == 1


@virtual
async def test_the_idle_prompt_is_not_begun() -> None:
    async with calling(World(), replace(SessionConfig(), prompt="are you there", prompt_after=3.0)) as caller:
        await caller.say(tone(0.7))
        caller.session.wind_down()
        await asyncio.sleep(30.0)
        assert len(caller.of(ReplyStarted)) == 1 and not caller.of(PromptDue)


@virtual
async def test_a_session_that_only_listens_can_still_be_finished() -> None:
    async with calling(World(), LISTENS) as caller:
        await caller.say(tone(0.7))
        caller.session.wind_down()
        caller.session.finish()
        await caller.finished()
        assert len(caller.of(FinalTranscript)) == 1
