"""Signs of work: an action at once, and for long work one message that changes and goes."""

from __future__ import annotations

import asyncio

import pytest

from clients.telegram.delivery import Delivery
from clients.telegram.messenger import Undeliverable
from clients.telegram.progress import Progress, showing
from tests.clients.telegram.in_memory import InMemory
from tests.virtual import virtual


def words(key: str, **values: object) -> str:
    return f"{key} {values['number']}/{values['of']} {values['seconds']} s"


@pytest.fixture(autouse=True)
def quiet_work() -> None:
    """Lets work be told, in the place of the fixture that keeps it quiet."""


@virtual
async def test_short_work_shows_an_action_alone() -> None:
    messenger = InMemory()
    async with showing(Progress(Delivery(messenger), 1, words), "record_voice"):
        await asyncio.sleep(8)
    assert messenger.actions == ["record_voice"] * 2 and messenger.texts == [] == messenger.changes


@virtual
async def test_long_work_is_told_in_one_message_that_is_taken_back() -> None:
    messenger = InMemory()
    async with showing(Progress(Delivery(messenger), 1, words), "typing"):
        await asyncio.sleep(20)
    assert messenger.texts == [(1, "progress 1/1 9 s")]
    assert messenger.changes == [(1, "progress 1/1 18 s"), (1, None)]


@virtual
async def test_parts_are_told_as_they_begin() -> None:
    messenger = InMemory()
    with pytest.raises(ValueError, match="failed"):
        async with showing(Progress(Delivery(messenger), 1, words), "typing") as progress:
            for number in (1, 2):
                await progress.part(number, 2)
                await asyncio.sleep(1)
            raise ValueError("failed")
    assert messenger.texts == [(1, "progress_begun 1/2 0 s")]
    assert messenger.changes == [(1, "progress_parts 2/2 1 s"), (1, None)]


@virtual
async def test_a_chat_that_takes_no_messages_costs_the_work_nothing() -> None:
    messenger = InMemory()
    async with showing(Progress(Delivery(messenger), 1, words), "typing") as progress:
        await asyncio.sleep(1)
        messenger.failures.extend([Undeliverable("blocked")] * 9)
        await progress.part(1, 2)
        await progress.part(2, 2)
    assert messenger.texts == [] == messenger.changes
