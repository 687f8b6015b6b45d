"""Input that waits for a session's segmenter, and how much of it can still be committed."""

from __future__ import annotations

import asyncio

import pytest

from stts.conversation.inbox import Inbox
from stts.engine_api import Samples
from stts.errors import Conflict
from tests.stts.conversation.caller import silence, tone


async def heard(inbox: Inbox) -> Samples:
    async for item in inbox.read():
        assert not isinstance(item, str)
        return item
    raise AssertionError("There is audio.")


async def test_what_is_given_while_somebody_looks_counts_afterwards() -> None:
    """The detector of speech takes its time, and a client that speaks does not wait for it."""
    inbox = Inbox()
    await inbox.write(tone(0.5))
    for _ in range(3):
        with inbox.looking_at(await heard(inbox)):
            await inbox.write(silence(0.5))
    with inbox.looking_at(await heard(inbox)):
        await inbox.write(tone(0.5))
        inbox.turn_ended()
        inbox.commit()


async def test_nothing_is_left_when_all_was_looked_at() -> None:
    inbox = Inbox()
    await inbox.write(tone(0.5))
    with inbox.looking_at(await heard(inbox)):
        pass
    inbox.turn_ended()
    with pytest.raises(Conflict):
        inbox.commit()


async def test_forgetting_again_and_again_takes_no_memory() -> None:
    inbox = Inbox()
    for _ in range(10_000):
        assert inbox.clear()
        await inbox.write(silence(0.0))
    inbox.finish()
    assert [item async for item in inbox.read()] == ["clear", "finish"]
    assert inbox.clears() == 10_000


async def test_no_audio_is_taken_behind_a_stop_not_even_what_has_waited() -> None:
    inbox = Inbox()
    await inbox.write(tone(2.0))
    waits = asyncio.create_task(inbox.write(tone(3.0)))
    await asyncio.sleep(0)
    inbox.stop()
    inbox.stop()
    inbox.commit()
    assert not inbox.over
    given: list[float | str] = []
    async for item in inbox.read():
        given.append(item if isinstance(item, str) else len(item) / 16_000)
        await waits
        if isinstance(item, str) and item == "stop":
            inbox.finish()
    assert given == [2.0, "stop", "finish"] and inbox.over
