"""Places that all share: who finds none waits its turn, for a bounded time."""

from __future__ import annotations

import asyncio

import pytest

from stts.access import places as module
from stts.access.places import Places
from stts.errors import Busy
from tests.patient import PATIENCE


async def test_whoever_waited_longest_gets_the_place_that_is_given_back() -> None:
    places, order = Places(), []

    async def work(name: str) -> None:
        await places.take(1, PATIENCE)
        order.append(name)
        await asyncio.sleep(0)
        places.give_back()

    await asyncio.gather(*(work(name) for name in "abc"))
    assert (order, places.taken_now) == (["a", "b", "c"], 0)


async def test_nobody_waits_for_ever() -> None:
    places = Places()
    await places.take(1, PATIENCE)
    with pytest.raises(Busy, match="All 1 places"):
        await places.take(1, 0.0)
    places.give_back()
    await places.take(1, 0.0)


async def test_who_leaves_while_waiting_takes_nothing_along() -> None:
    places = Places()
    await places.take(1, PATIENCE)
    waiting = [asyncio.create_task(places.take(1, PATIENCE)) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    # The place comes to one that is being cancelled at the same moment, and goes on to the next.
    places.give_back()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert (waiting[0].cancelled(), waiting[1].result(), places.taken_now) == (True, None, 1)


async def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 1)
    places = Places()
    await places.take(1, PATIENCE)
    waiting = asyncio.create_task(places.take(1, PATIENCE))
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await places.take(1, PATIENCE)
    places.give_back()
    await waiting
