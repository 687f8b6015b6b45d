"""Places that all workers of a server count together."""

from __future__ import annotations

import asyncio

import pytest

from stts.peers.leases import Leases

ONE, TWO = "first worker", "second worker"


def test_places_are_one_sum_for_all_workers() -> None:
    leases = Leases()
    assert leases.take((ONE, "a"), ["key:x"], [2]) is None
    assert leases.take((TWO, "b"), ["key:x"], [2]) is None
    assert leases.take((ONE, "c"), ["key:y", "key:x"], [1, 2]) == 1
    assert leases.taken("key:y") == 0  # none is taken where one is missing
    leases.give_back((ONE, "a"))
    assert leases.take((TWO, "c"), ["key:x"], [2]) is None


def test_two_workers_may_have_a_holder_of_the_same_name() -> None:
    leases = Leases()
    leases.take((ONE, "a"), ["x"], [5])
    leases.take((TWO, "a"), ["x"], [5])
    leases.give_back((ONE, "a"))
    assert leases.taken("x") == 1


def test_what_a_worker_had_is_free_when_it_has_gone() -> None:
    leases = Leases()
    for holder in "abc":
        leases.take((ONE, holder), ["x", "y"], [5, 5])
    leases.take((TWO, "a"), ["x"], [5])
    leases.leave(ONE)
    assert (leases.taken("x"), leases.taken("y")) == (1, 0)
    leases.leave(ONE)
    assert leases.taken("x") == 1


def test_a_place_that_nobody_has_is_given_back_in_vain() -> None:
    leases = Leases()
    leases.give_back((ONE, "a"))
    assert leases.taken("x") == 0


async def test_who_waits_gets_places_in_the_order_of_asking() -> None:
    leases = Leases()
    leases.take((ONE, "a"), ["x"], [1])
    second, third = leases.wait((TWO, "b"), ["x"], [1], 60), leases.wait((ONE, "c"), ["x"], [1], 60)
    leases.give_back((ONE, "a"))
    assert await second
    assert not third.done()
    leases.give_back((TWO, "b"))
    assert await third


async def test_who_waits_for_one_place_keeps_nobody_from_another() -> None:
    leases = Leases()
    leases.take((ONE, "a"), ["x"], [1])
    waiting = leases.wait((TWO, "b"), ["x"], [1], 60)
    assert await leases.wait((TWO, "c"), ["y"], [1], 60)
    leases.give_back((TWO, "b"))
    assert not await waiting


async def test_a_wait_ends_with_its_time_with_its_worker_and_with_whoever_asked() -> None:
    leases = Leases()
    leases.take((ONE, "a"), ["x"], [1])
    assert not await leases.wait((TWO, "b"), ["x"], [1], 0.001)
    gone, cancelled = leases.wait((TWO, "c"), ["x"], [1], 60), leases.wait((ONE, "d"), ["x"], [1], 60)
    leases.leave(TWO)
    assert not await gone
    cancelled.cancel()
    leases.give_back((ONE, "a"))
    assert leases.taken("x") == 0  # nobody has it who is not there any more
    leases.leave(ONE)
    await asyncio.sleep(0)


async def test_no_more_wait_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stts.peers.leases.MOST_WAITING", 1)
    leases = Leases()
    leases.take((ONE, "a"), ["x"], [1])
    waiting = leases.wait((ONE, "b"), ["x"], [1], 60)
    assert not await leases.wait((ONE, "c"), ["x"], [1], 60)
    leases.leave(ONE)
    assert not await waiting
