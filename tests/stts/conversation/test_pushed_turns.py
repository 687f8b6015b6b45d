"""Turns that the client is to end: what was given after one belongs to the next, and none is longer than allowed."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from stts.conversation.config import SessionConfig
from stts.conversation.events import FinalTranscript, TurnCommitted
from stts.errors import Conflict
from stts.vad.rules import TurnRules
from tests.stts.conversation.caller import World, calling, silence, tone
from tests.virtual import virtual

PUSHED = replace(SessionConfig(), turns=None, reply=None)
MARGIN = 0.064


@virtual
async def test_a_turn_that_is_never_committed_is_ended_and_the_next_begins() -> None:
    async with calling(World(), replace(PUSHED, longest_pushed=6.0)) as caller:
        await caller.say(tone(3.0), silence(2.0), tone(3.0), silence(1.0))
        first = await caller.until(TurnCommitted)
        assert first.seconds == pytest.approx(6.0, abs=MARGIN) and not first.pushed
        caller.session.commit()
        second = await caller.until(TurnCommitted, lambda event: event.turn == 2)
        assert second.seconds == pytest.approx(3.0, abs=MARGIN) and second.pushed
        await caller.until(FinalTranscript, lambda event: event.turn == 2)
        words = [event.text.split() for event in caller.of(FinalTranscript)]
        assert sum(map(len, words)) >= 19, "of twenty words one may be cut"
        with pytest.raises(Conflict):
            caller.session.commit()


@virtual
async def test_all_at_once_is_cut_as_often_and_the_commit_is_of_the_rest() -> None:
    async with calling(World(), replace(PUSHED, longest_pushed=6.0)) as caller:
        for _ in range(20):
            await caller.session.hear(tone(1.0))
        caller.session.commit()
        await caller.until(TurnCommitted, lambda event: event.pushed)
        turns = caller.of(TurnCommitted)
        assert [event.pushed for event in turns] == [False, False, False, True]
        assert sum(event.seconds for event in turns) == pytest.approx(20.0, abs=MARGIN)


@virtual
async def test_what_is_given_behind_a_commit_can_be_committed() -> None:
    """In one breath: before the session has looked at the first commit."""
    async with calling(World(), PUSHED) as caller:
        for _ in range(3):
            await caller.session.hear(tone(0.3))
            caller.session.commit()
            await caller.session.hear(tone(0.3))
            await caller.until(TurnCommitted, lambda event: event.pushed)
            caller.session.commit()
            with pytest.raises(Conflict):
                caller.session.commit()


@pytest.mark.parametrize("rules", [None, TurnRules(detector=False, silence=0.3)])
@virtual
async def test_every_commit_that_is_taken_is_one_turn(rules: TurnRules | None) -> None:
    for seed in range(100):
        dice = random.Random(seed)
        async with calling(World(), replace(PUSHED, turns=rules, longest_pushed=2.0)) as caller:
            taken = 0
            for _ in range(12):
                for _ in range(dice.randrange(4)):
                    await caller.session.hear(dice.choice((tone, silence))(dice.choice((0.02, 0.1, 0.7))))
                try:
                    caller.session.commit()
                except Conflict:
                    continue
                taken += 1
            caller.session.finish()
            await caller.finished()
        turns = caller.of(TurnCommitted)
        # What is left at the end is a turn too, as if the client had ended it.
        assert taken <= sum(event.pushed for event in turns) <= taken + 1
        assert len(caller.of(FinalTranscript)) == len(turns)


@virtual
async def test_what_is_kept_from_before_speech_did_not_come_before_its_time() -> None:
    """However much of it the client wants: it was spoken before, too."""
    world = World()
    async with calling(world, replace(SessionConfig(), turns=TurnRules(prefix=5.0), reply=None)) as caller:
        await caller.say(silence(6.0), tone(2.0), silence(3.0))
        await caller.until(FinalTranscript)
    assert world.earliest < 0.5
