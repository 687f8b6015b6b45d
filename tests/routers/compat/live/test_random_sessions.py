"""A thousand sessions whose clients do anything in any order, and vanish: none dies of it, and nothing is left."""

from __future__ import annotations

import asyncio
import random
from base64 import b64encode
from typing import Any

from stts.errors import EngineCrashed
from tests.routers.compat.live.virtual_client import VirtualClient, joined, silence, tone
from tests.stts.conversation.caller import World
from tests.virtual import virtual

SESSIONS = 1000
STEPS = 10


def command(dice: random.Random) -> dict[str, Any]:
    recording = b64encode(bytes(dice.choice((1, 9600, 48_000)))).decode()
    text = dice.choice(("one", "one two three four five six seven", "", "word " * 501))
    makers: tuple[dict[str, Any], ...] = (
        {"type": "session.commentary.append", "content": text, "delegation_id": None},
        {"type": "session.commentary.append", "content": text, "delegation_id": "delegation_x"},
        {"type": "session.thinking.append", "content": text},
        {"type": "session.instructions.append", "content": 7},
        {"type": "session.input_audio.mute"},
        {"type": "session.input_audio.unmute"},
        {"type": "session.output_audio.fixture.play", "audio": recording},
        {"type": "session.update", "session": {"delegation": {"type": dice.choice(("client", "responses", 7))}}},
        {"type": "session.start", "session": {}},
        {"type": "response.create"},
        {"type": "nosuch"},
        {"type": "session.input_audio.append", "audio": "?"},
        {"type": "session.close"},
    )
    weights = [4, 4, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1]
    return {**dice.choices(makers, weights)[0], "event_id": dice.choice((None, "e"))}


async def act(client: VirtualClient, world: World, dice: random.Random) -> None:
    match dice.randrange(10):
        case 0 | 1 | 2:
            await client.say(tone(dice.uniform(0.05, 1.2)), pace=dice.choice((0.1, 1.0, 1.0, 2.0)))
        case 3 | 4:
            await client.say(silence(dice.uniform(0.1, 1.2)))
        case _:
            client.command(**command(dice))
            await asyncio.sleep(dice.choice((0.0, 0.0, 0.3)))
    world.deaf = EngineCrashed("It died.") if dice.random() < 0.05 else None
    world.mute = EngineCrashed("It died.") if dice.random() < 0.05 else None
    world.voice.error = EngineCrashed("It died.") if dice.random() < 0.03 else None
    if dice.random() < 0.03:
        client.reads.clear()
    elif dice.random() < 0.5:
        client.reads.set()


def check(client: VirtualClient) -> None:
    """Checks what a client may rely on, whatever happened."""
    types = [event["type"] for _, event in client.events]
    assert types[:1] in ([], ["session.started"])
    assert types.count("session.closed") == ("session.closed" in types[-1:])
    end = 0
    for _, frame in client.frames:
        assert frame.start_ms >= end
        end = frame.end_ms
    for side in ("input", "output"):
        spans = [(each["start_ms"], each["end_ms"]) for each in client.of(f"session.{side}_transcript.delta")]
        assert all(0 <= start <= end for start, end in spans)
    numbers = [event["event_id"] for _, event in client.events]
    assert len(set(numbers)) == len(numbers)
    playing = types.count("session.output_audio.fixture.playing") - types.count("session.output_audio.fixture.played")
    assert playing in (0, 1)


@virtual
async def test_a_thousand_random_sessions_leave_nothing() -> None:
    ended = 0
    for seed in range(SESSIONS):
        dice = random.Random(seed)
        world = World(finishing=dice.choice((0.0, 0.05, 0.6, 50.0)))
        async with joined(world) as (client, _, running):
            for _ in range(dice.randrange(STEPS)):
                await act(client, world, dice)
                if running.done():
                    break
            if dice.random() < 0.3:
                client.leave()
                client.reads.set()
                await running
            if running.done():
                assert running.exception() is None
                ended += 1
        check(client)
    assert ended > SESSIONS / 4
