"""Commands in any order: the session lives, and every response is told from its beginning to its one end."""

from __future__ import annotations

import random
from base64 import b64encode
from typing import Any

import pytest

from stts.errors import ReplyFailed
from tests.routers.compat.realtime.conftest import Served
from tests.routers.compat.realtime.talk import Talk, silence, tone

COMMANDS = 150
LAST = "last"


class Dice(random.Random):
    def __init__(self, seed: int, talk: Talk) -> None:
        super().__init__(seed)
        self.talk = talk

    def command(self) -> dict[str, Any]:
        makers = (self.append, self.append, self.update, self.respond, self.respond, self.create, self.about, self.bare)
        return self.choice(makers)()

    def append(self) -> dict[str, Any]:
        sound = self.choice((tone, silence))(self.choice((0.0, 0.02, 0.3, 1.0)))
        return {"type": "input_audio_buffer.append", "audio": b64encode(sound).decode()}

    def bare(self) -> dict[str, Any]:
        kinds = ("input_audio_buffer.commit", "input_audio_buffer.clear", "response.cancel", "nosuch")
        return {"type": self.choice(kinds)}

    def respond(self) -> dict[str, Any]:
        item = {"type": "item_reference", "id": self.item()}
        asked: tuple[dict[str, Any], ...] = (
            {},
            {"input": []},
            {"output_modalities": ["text"]},
            {"conversation": "none", "input": [item]},
            {"tools": [{}]},
        )
        return {"type": "response.create", "response": self.choice(asked)}

    def update(self) -> dict[str, Any]:
        vad = {"type": "server_vad", "silence_duration_ms": 100, "create_response": self.random() < 0.7}
        audio = {"input": {"turn_detection": self.choice((None, vad, {"type": "semantic_vad"}, {"type": "nosuch"}))}}
        return {"type": "session.update", "session": {"type": "realtime", "audio": audio}}

    def create(self) -> dict[str, Any]:
        content = [{"type": self.choice(("input_text", "output_text")), "text": "hello"}]
        item = {"type": "message", "role": self.choice(("user", "assistant", "system")), "content": content}
        return {"type": "conversation.item.create", "item": item, "previous_item_id": self.item()}

    def about(self) -> dict[str, Any]:
        kind = self.choice(("retrieve", "delete", "truncate"))
        extra = {"content_index": 0, "audio_end_ms": self.choice((0, 100, 10**7))} if kind == "truncate" else {}
        return {"type": f"conversation.item.{kind}", "item_id": self.item(), **extra}

    def item(self) -> str:
        known: list[str] = [each["item"]["id"] for each in self.talk.of("conversation.item.added")]
        return self.choice(["root", "nosuch", *known[-5:]])


async def is_last(talk: Talk) -> None:
    """Everything sent so far has been carried out."""
    await talk.send("nosuch", event_id=LAST)
    await talk.until("error", lambda event: event["error"]["event_id"] == LAST)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_a_client_sends(served: Served, seed: int) -> None:
    served.world.reply = "one two three"
    async with served.talk() as talk:
        dice = Dice(seed, talk)
        for number in range(COMMANDS):
            served.world.dumb = ReplyFailed("It broke.") if dice.random() < 0.1 else None
            await talk.send(**dice.command())
            if number % 10 == 0:
                await is_last(talk)
        served.world.dumb = None
        await talk.update(audio={"input": {"turn_detection": None}})
        await is_last(talk)
        while unfinished(talk):
            await talk.next()
    assert talk.of("response.created")


def unfinished(talk: Talk) -> set[str]:
    """Responses that have begun and not ended; checks that nothing is told of one outside of that."""
    begun: set[str] = set()
    ended: set[str] = set()
    for event in talk.events:
        if event["type"] == "response.created":
            begun.add(event["response"]["id"])
        elif event["type"] == "response.done":
            assert event["response"]["id"] in begun - ended
            ended.add(event["response"]["id"])
        elif "response_id" in event:
            assert event["response_id"] in begun - ended
    return begun - ended


ANSWERS = {
    "input_audio_buffer.commit": "input_audio_buffer.committed",
    "input_audio_buffer.clear": "input_audio_buffer.cleared",
    "conversation.item.create": "conversation.item.done",
    "conversation.item.truncate": "error",
    "nosuch": "error",
    "session.update": "session.updated",
}


@pytest.mark.parametrize("seed", range(6))
async def test_answers_come_in_the_order_of_commands_sent_in_one_breath(served: Served, seed: int) -> None:
    async with served.talk() as talk:
        await talk.update(audio={"input": {"turn_detection": None}})
        dice, expected, heard = Dice(seed, talk), [], False
        seen = len(talk.events)
        for _ in range(30):
            kind = dice.choice((*ANSWERS, "input_audio_buffer.append", "input_audio_buffer.append"))
            if kind == "input_audio_buffer.append":
                heard = True
                await talk.append(tone(0.2))
                continue
            if kind == "input_audio_buffer.commit" and not heard:
                expected.append("error")
            else:
                expected.append(ANSWERS[kind])
            heard = heard and not kind.startswith("input_audio_buffer")
            await talk.send(**PLAIN.get(kind, {"type": kind}))
        await is_last(talk)
    kinds = [event for event in talk.events[seen:] if event["type"] in {*ANSWERS.values()}]
    items = {event["item_id"] for event in kinds if event["type"] == "input_audio_buffer.committed"}
    told = [event["type"] for event in kinds if event.get("item", {}).get("id") not in items]
    assert told[:-1] == expected


PLAIN: dict[str, dict[str, Any]] = {
    "conversation.item.create": {
        "type": "conversation.item.create",
        "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]},
    },
    "conversation.item.truncate": {
        "type": "conversation.item.truncate", "item_id": "nosuch", "content_index": 0, "audio_end_ms": 0,
    },
    "session.update": {"type": "session.update", "session": {"type": "realtime", "instructions": "Be kind."}},
}  # fmt: skip
