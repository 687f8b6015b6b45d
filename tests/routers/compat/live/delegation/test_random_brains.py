"""Sessions with a language model whose clients do anything in any order: none dies of it, and nothing is left."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from stts.chat import ReplyUsage, ToolCall
from stts.errors import ReplyFailed
from stts.settings import ReplySettings, Settings
from tests.routers.compat.live.delegation.line import Event, Line, Model, Written, calling
from tests.virtual import virtual

SESSIONS = 100
STEPS = 8
TOOLS = [{"type": "function", "name": "look", "parameters": {"type": "object"}}]
DELEGATIONS: dict[str, dict[str, Any]] = {
    "responses": {"type": "responses", "responses": {"model": "ours", "tools": TOOLS}},
    "client": {"type": "client"},
}


def script(dice: random.Random) -> list[Written]:
    """One reply of the model: words, pauses, calls, perhaps a failure."""
    parts: list[Written] = []
    for _ in range(dice.randrange(4)):
        number = dice.randrange(3)
        choices: list[Written] = ["one two three", dice.uniform(0.0, 2.0), ToolCall(f"call_{number}", "look", "{}")]
        parts.append(dice.choice(choices))
    if dice.random() < 0.1:
        parts.append(ReplyFailed("It is gone."))
    return [*parts, ReplyUsage(3, 5)]


def command(line: Line, dice: random.Random) -> Event:
    calls = [item["call_id"] for item in done_items(line) if item["type"] == "function_call"]
    output = {"type": "function_call_output", "call_id": dice.choice([*calls, "nosuch"]), "output": "a cat"}
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "And now?"}]}
    delegations = [event["delegation"]["id"] for event in line.of("session.delegation.created")]
    text = dice.choice(("one", "one two three four five six seven"))
    changes: tuple[Event, ...] = (
        {"tools": []},
        {"max_output_tokens": 16},
        {"instructions": "Be brief."},
        {"tool_choice": 7},
    )
    makers: tuple[Event, ...] = (
        {"type": "response.item.create", "item": output},
        {"type": "response.item.create", "item": message},
        {"type": "response.create"},
        {"type": "session.commentary.append", "content": text, "delegation_id": dice.choice([*delegations, None])},
        {"type": "session.thinking.append", "content": text},
        {"type": "session.instructions.append", "content": text},
        {"type": "session.update", "session": {"delegation": {"type": "responses", "responses": dice.choice(changes)}}},
        {"type": "session.input_audio.mute"},
        {"type": "session.input_audio.unmute"},
    )
    return dice.choices(makers, [6, 2, 6, 3, 1, 1, 3, 1, 2])[0]


def done_items(line: Line) -> list[Event]:
    return [event["item"] for event in line.responses() if event["type"] == "response.output_item.done"]


def check(line: Line) -> None:
    """Each response ends once, and none begins twice; every event stands in the client's own types (`Line.send`)."""
    begun = [event["response"]["id"] for event in line.responses() if event["type"] == "response.created"]
    ends = ("response.completed", "response.incomplete", "response.failed")
    ended = [event["response"]["id"] for event in line.responses() if event["type"] in ends]
    assert len(set(begun)) == len(begun) and len(set(ended)) == len(ended) and set(ended) <= set(begun)
    numbers = [event["event_id"] for _, event in line.told]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("kind", DELEGATIONS)
@virtual
async def test_random_sessions_leave_nothing(kind: str) -> None:
    reply = ReplySettings(adapter="openai", base_url="http://127.0.0.1:9/v1", model="ours")
    spoken = 0
    for seed in range(SESSIONS):
        dice = random.Random(seed)
        model = Model()
        model.scripts.extend(script(dice) for _ in range(STEPS))
        async with calling(model, Settings(reply=reply), delegation=DELEGATIONS[kind]) as line:
            for _ in range(dice.randrange(STEPS)):
                if dice.random() < 0.4:
                    await line.say(dice.uniform(0.3, 1.2), dice.uniform(0.1, 1.2))
                else:
                    line.command(**command(line, dice))
                    await asyncio.sleep(dice.choice((0.0, 0.0, 0.3, 1.5)))
            if dice.random() < 0.5:
                line.command("session.close")
                await line.until("session.closed")
        check(line)
        spoken += bool(line.spoken())
    assert spoken > SESSIONS / 4
