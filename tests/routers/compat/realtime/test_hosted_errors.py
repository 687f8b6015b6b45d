"""Each error that the hosted service has, provoked on a socket: code, type, message, field, as clients match them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from routers.compat.realtime import hosted_errors
from routers.compat.realtime.hosted_errors import FORMS, Form
from tests.routers.compat.realtime.conftest import Served
from tests.routers.compat.realtime.talk import Talk, silence, tone

Provoke = Callable[[Talk], Awaitable[None]]
QUICK: dict[str, Any] = {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 200}}}


async def retrieve(talk: Talk) -> None:
    await talk.send("conversation.item.retrieve", item_id="nosuch")


async def delete(talk: Talk) -> None:
    await talk.send("conversation.item.delete", item_id="nosuch")


async def truncate(talk: Talk, item: str = "nosuch", end: int = 0) -> None:
    await talk.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=end)


async def truncate_typed(talk: Talk) -> None:
    await talk.write("hello")
    await truncate(talk, (await talk.until("conversation.item.done"))["item"]["id"])


async def reply(talk: Talk) -> dict[str, Any]:
    """A spoken reply, whose item is returned when it is done."""
    await talk.update(audio=QUICK)
    await talk.say(tone(1.0), silence(0.5))
    item: dict[str, Any] = (await talk.response())["output"][0]
    return item


async def truncate_beyond(talk: Talk) -> None:
    await truncate(talk, (await reply(talk))["id"], 10**7)


async def create_twice(talk: Talk) -> None:
    content = [{"type": "input_text", "text": "hello"}]
    for _ in range(2):
        item = {"type": "message", "role": "user", "id": "mine", "content": content}
        await talk.send("conversation.item.create", item=item)


async def create_behind(talk: Talk) -> None:
    await talk.write("hello", previous_item_id="nosuch")


async def refer(talk: Talk) -> None:
    await talk.send("response.create", response={"input": [{"type": "item_reference", "id": "nosuch"}]})


async def commit(talk: Talk) -> None:
    await talk.send("input_audio_buffer.commit")


async def cancel(talk: Talk) -> None:
    await talk.send("response.cancel")


async def respond_twice(talk: Talk) -> None:
    await talk.write("hello")
    for _ in range(2):
        await talk.send("response.create")


async def change_voice(talk: Talk) -> None:
    await reply(talk)
    await talk.send("session.update", session={"type": "realtime", "audio": {"output": {"voice": "verse"}}})


CASES: dict[str, tuple[Form, Provoke]] = {
    "retrieve": (hosted_errors.RETRIEVED_UNKNOWN, retrieve),
    "delete": (hosted_errors.DELETED_UNKNOWN, delete),
    "truncate": (hosted_errors.TRUNCATED_UNKNOWN, truncate),
    "truncate what was typed": (hosted_errors.TRUNCATED_UNSPOKEN, truncate_typed),
    "truncate beyond the end": (hosted_errors.TRUNCATED_BEYOND, truncate_beyond),
    "create twice": (hosted_errors.CREATED_TWICE, create_twice),
    "create behind what is not there": (hosted_errors.CREATED_BEHIND_UNKNOWN, create_behind),
    "refer to what is not there": (hosted_errors.REFERRED_UNKNOWN, refer),
    "commit nothing": (hosted_errors.COMMITTED_NOTHING, commit),
    "cancel nothing": (hosted_errors.CANCELLED_NOTHING, cancel),
    "respond while a response is active": (hosted_errors.ACTIVE, respond_twice),
    "change a voice that has spoken": (hosted_errors.VOICE_IN_USE, change_voice),
}


def test_every_form_is_provoked() -> None:
    assert {form for form, _ in CASES.values()} == set(FORMS)


@pytest.mark.parametrize("case", CASES)
async def test_an_error_has_the_hosted_form(served: Served, case: str) -> None:
    form, provoke = CASES[case]
    served.world.reply = "one two three four five six"
    async with served.talk() as talk:
        await provoke(talk)
        error = await talk.error()
        await talk.alive()
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", form.code, form.param)
    assert re.fullmatch(re.sub(r"\\\{\w+\\\}", r".+", re.escape(form.message)), error["message"])


def test_what_a_client_made_up_is_told_only_where_it_is_a_plain_name() -> None:
    assert "'item_1'" in str(hosted_errors.DELETED_UNKNOWN.error(id="item_1"))
    assert "'?'" in str(hosted_errors.DELETED_UNKNOWN.error(id="<b>hello there</b>"))


def test_the_docs_have_the_table() -> None:
    text = (Path(__file__).parents[4] / "docs" / "realtime.md").read_text(encoding="utf-8")
    for form in FORMS:
        assert f"`{form.code}`" in text and form.message.split("{")[0].strip().rstrip("'").strip() in text, form
