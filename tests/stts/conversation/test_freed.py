"""Sessions free what they have made when they are done with it, without the garbage collector."""

from __future__ import annotations

import weakref
from dataclasses import replace

import pytest

from stts.conversation.config import ReplyOrder, SessionConfig
from stts.conversation.events import AudioFrame, Failed, ReplyEnded, ReplyStarted, TranscriptFailed
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


@virtual
async def test_frames_that_could_not_be_judged_are_freed() -> None:
    world = World()
    with uncollected():
        async with calling(world) as caller:
            said = tone(0.032)
            gone = weakref.ref(said)
            world.voice.error = EngineCrashed("It died.")
            await caller.session.hear(said)
            await caller.until(Failed)
            del said
            assert gone() is None


@virtual
@pytest.mark.parametrize("written", ["not at all", "partly", "wholly"])
async def test_a_session_that_has_ended_is_freed(written: str) -> None:
    world = World(token_seconds=0.1 if written == "partly" else 0.0)
    with uncollected():
        async with calling(world) as caller:
            session = weakref.ref(caller.session)
            await caller.say(tone(0.7), silence(0.7))
            if written != "not at all":
                await caller.until(ReplyStarted)
                await caller.say(silence(0.1))
        del caller
        assert session() is None


@virtual
async def test_a_reply_that_is_interrupted_is_freed_while_the_session_goes_on() -> None:
    class Text(str):
        """Can be watched."""

    text = Text("one two three four five six seven eight nine ten eleven twelve")
    with uncollected():
        async with calling(World()) as caller:
            caller.session.respond(ReplyOrder(text=text))
            gone = weakref.ref(text)
            del text
            await caller.until(AudioFrame)
            caller.session.cancel()
            await caller.until(ReplyEnded)
            await caller.say(silence(0.1))
            caller.told.clear()  # its text is in what was told
            assert gone() is None
