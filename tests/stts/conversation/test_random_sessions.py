"""Hundreds of sessions in which everything happens in any order: none dies, and none leaves anything behind."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

from stts.chat import Message
from stts.conversation.config import ReplyOrder, SessionConfig
from stts.conversation.events import AudioFrame, Failed, FinalTranscript, PartialTranscript, ReplyEnded, ReplyStarted
from stts.errors import Conflict, EngineCrashed, ReplyTimeout
from stts.vad.rules import TurnRules
from tests.stts.conversation.caller import Caller, World, calling, silence, tone
from tests.virtual import now, virtual

SESSIONS = 300
STEPS = 12


def configuration(dice: random.Random) -> SessionConfig:
    rules = replace(TurnRules(), interrupt=dice.random() < 0.8)
    config = SessionConfig(
        turns=None if dice.random() < 0.2 else rules,
        respond=dice.random() < 0.85,
        resume=dice.random() < 0.5,
        speculate=dice.random() < 0.7,
        prompt_after=dice.choice((0.0, 0.0, 3.0)),
        transcript_timeout=2.0,
    )
    if dice.random() < 0.1:
        config = replace(config, reply=None)
    if dice.random() < 0.15:
        config = replace(config, speak=None)
    return config


async def act(caller: Caller, world: World, dice: random.Random) -> None:
    session = caller.session
    match dice.randrange(12):
        case 0 | 1 | 2 | 3:
            await caller.say(tone(dice.uniform(0.03, 1.5)))
        case 4 | 5 | 6:
            await caller.say(silence(dice.uniform(0.05, 1.2)))
        case 7:
            await attempt(session.commit)
        case 8:
            session.clear()
        case 9:
            await attempt(lambda: session.say("one two three four five six"))
        case 10:
            session.cancel(dice.choice((None, session.active, 99)))
        case 11:
            await attempt(
                lambda: session.respond(ReplyOrder((Message("user", "aside"),), out_of_band=dice.random() < 0.7))
            )
    world.deaf = EngineCrashed("It died.") if dice.random() < 0.05 else None
    world.dumb = ReplyTimeout("It says nothing.") if dice.random() < 0.05 else None
    world.voice.error = EngineCrashed("It died.") if dice.random() < 0.03 else None
    world.words = dice.choice((None, None, None, "mhm", ""))
    if dice.random() < 0.1:
        await session.configure(configuration(dice))


async def attempt(command: object) -> None:
    try:
        command()  # type: ignore[operator]
    except Conflict:
        return


def check(caller: Caller) -> None:
    """Checks what a connection may rely on, whatever happened."""
    ended: set[int] = set()
    deltas: dict[int, str] = {}
    sequences: dict[int, int] = {}
    started: set[int] = set()
    for _, event in caller.told:
        match event:
            case ReplyStarted(generation=generation):
                assert generation not in started
                started.add(generation)
            case AudioFrame(generation=generation, sequence=sequence):
                assert generation in started - ended
                assert sequence == sequences.get(generation, -1) + 1
                sequences[generation] = sequence
            case ReplyEnded(generation=generation, text=text, heard=heard):
                assert generation in started - ended
                assert len(heard) <= len(text)
                ended.add(generation)
            case PartialTranscript(turn=turn, stable_delta=delta):
                deltas[turn] = deltas.get(turn, "") + delta
            case FinalTranscript(turn=turn, text=text):
                assert deltas.get(turn, "") == text
    assert len([event for event in caller.of(Failed) if event.error.code != "engine_crashed"]) == 0


@virtual
async def test_hundreds_of_random_sessions_leave_nothing() -> None:
    for seed in range(SESSIONS):
        dice = random.Random(seed)
        world = World(
            reply=dice.choice((None, "a reply that takes its time to be said, and may be cut")),
            token_seconds=dice.choice((0.0, 0.02, 0.3)),
            finishing=dice.choice((0.0, 0.05, 0.6, 50.0)),
        )
        begun = now()
        async with calling(world, configuration(dice)) as caller:
            for _ in range(dice.randrange(STEPS)):
                await act(caller, world, dice)
            await asyncio.sleep(dice.choice((0.0, 0.3, 5.0)))
        check(caller)
        assert now() - begun < 120
