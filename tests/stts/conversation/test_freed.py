"""Sessions free what they have made when they are done with it, without the garbage collector."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stts.conversation.config import SessionConfig
from stts.conversation.events import ReplyEnded, TranscriptFailed
from stts.errors import EngineCrashed
from tests.stts.conversation.caller import World, calling, silence, tone
from tests.uncollected import uncollected
from tests.virtual import virtual

PATIENT = replace(SessionConfig(), transcript_timeout=5.0, speculate=False)


@virtual
@pytest.mark.parametrize(
    "world", [World(), World(deaf=EngineCrashed("It died.")), World(finishing=1000.0)], ids=["known", "failed", "late"]
)
async def test_a_turn_is_freed_while_the_session_goes_on(world: World) -> None:
    with uncollected():
        async with calling(world, PATIENT) as caller:
            await caller.say(tone(0.7), silence(0.7))
            await caller.until(ReplyEnded if world.deaf is None and not world.finishing else TranscriptFailed)
            world.deaf, world.finishing = None, 0.0
            await caller.say(tone(0.7), silence(0.7))
            await caller.until(ReplyEnded, lambda event: event.turn == 2)
            caller.told.clear()  # an error that was told holds all that it has passed through
            first, _ = world.heard
            assert first() is None


@virtual
async def test_what_was_only_a_noise_is_freed() -> None:
    world = World(words="")
    with uncollected():
        async with calling(world) as caller:
            await caller.say(tone(0.16), silence(2.0))
            world.words = None
            await caller.say(tone(0.7), silence(0.7))
            await caller.until(ReplyEnded)
            noise, _ = world.heard
            assert noise() is None
