"""Limits of one caller, asked for by several workers of one server."""

from __future__ import annotations

import asyncio

import pytest

from routers.access_services import build_access
from stts.access.concurrency import Concurrency
from stts.access.failures import MOST_FAILURES
from stts.access.limits import Rate, Subject
from stts.access.rates import RateExceeded, RateLimiter
from stts.errors import Busy, TooManyRequests
from stts.peers.limits import PeerPlaces, PeerWindows, PlacesOfListener
from stts.settings import Settings
from stts.settings.quotas import QuotaSettings
from tests.stts.peers.crowd import crowd

pytestmark = pytest.mark.socket

KEY = [Subject("key:a", {"concurrent": 2})]


async def test_a_rate_is_one_sum_whichever_worker_is_asked() -> None:
    async with crowd() as them:
        limiters = [RateLimiter(QuotaSettings, shared=PeerWindows(await them.joined())) for _ in range(2)]
        rate = Rate("key:a", 3)
        left = [(await limiters[number % 2].hit([rate]))[0].left for number in range(3)]
        assert left == [2, 1, 0]
        for limiter in limiters:
            with pytest.raises(RateExceeded) as refused:
                await limiter.hit([rate])
            assert 0 < (refused.value.retry_after or 0) <= 60
        assert (await limiters[0].hit([Rate("key:b", 3)]))[0].left == 2


async def test_a_request_counts_for_all_of_its_rates_or_for_none() -> None:
    async with crowd() as them:
        one, other = [PeerWindows(await them.joined()) for _ in range(2)]
        wide, tight = Rate("user:a", 5), Rate("key:a", 1)
        assert await one.hit([wide, tight])
        refused = await other.hit([wide, tight])
        assert refused is not None
        assert [state.left for state in refused] == [4, 0]
        again = await other.hit([wide])
        assert again is not None
        assert again[0].left == 4


async def test_places_are_one_sum_and_come_back_with_the_worker_that_dies() -> None:
    async with crowd() as them:
        workers = [await them.joined() for _ in range(2)]
        one, other = (Concurrency("concurrent", PeerPlaces(each)) for each in workers)
        await one.take(KEY)
        give_back = await other.take(KEY)
        with pytest.raises(TooManyRequests):
            await one.take(KEY)
        give_back()
        await one.take(KEY)
        with pytest.raises(TooManyRequests):
            await other.take(KEY)
        await them.gone(workers[0])
        for _ in range(2):
            await other.take(KEY)


async def test_a_place_that_is_asked_for_in_vain_is_given_back() -> None:
    async with crowd() as them:
        places = PeerPlaces(await them.joined())
        asking = asyncio.create_task(places.take("holder", "concurrent", [("key:a", 1)]))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        assert await places.take("another", "concurrent", [("key:a", 1)]) is None


async def test_who_waits_for_a_place_gets_the_one_that_another_worker_gives_back() -> None:
    async with crowd() as them:
        one, other = [PeerPlaces(await them.joined()) for _ in range(2)]
        holder = await one.wait("live", 1, 60)
        assert holder is not None
        waiting = asyncio.create_task(other.wait("live", 1, 60))
        left = asyncio.create_task(other.wait("live", 1, 60))
        assert await other.wait("live", 1, 0.001) is None
        left.cancel()
        one.give_back(holder)
        assert await waiting is not None
        assert them.coordinator.leases.taken("live") == 1


async def test_operations_at_once_of_a_listener_are_one_sum() -> None:
    async with crowd() as them:
        one, other = [PlacesOfListener(PeerPlaces(await them.joined()), "piper") for _ in range(2)]
        assert not one.take_free(5)
        await one.take(2, 60)
        await other.take(2, 60)
        with pytest.raises(Busy):
            await one.take(2, 0.001)
        waiting = asyncio.create_task(one.take(2, 60))
        other.give_back()
        await waiting
        with pytest.raises(Busy):
            await other.take(2, 0.001)


async def test_without_whoever_counts_each_worker_counts_alone() -> None:
    async with crowd() as them:
        peers = await them.joined()
        windows, places = PeerWindows(peers), PeerPlaces(peers)
        await them.gone(peers)
        assert await windows.hit([Rate("key:a", 1)]) is None
        assert await places.take("holder", "concurrent", [("key:a", 1)]) is None
        assert await places.wait("live", 1, 60) is not None
        places.give_back("holder")


async def test_wrong_keys_that_another_worker_was_shown_count_here() -> None:
    async with crowd() as them:
        workers = [await them.joined() for _ in range(2)]
        one, other = [build_access(Settings, each).key_failures("default") for each in workers]
        for _ in range(MOST_FAILURES):
            one.count("192.0.2.1")
        # Once a question after them is answered, the notes before it were read.
        await workers[0].ask_others("anything", None, 60)
        assert other.is_slowed("192.0.2.1")
        with pytest.raises(TooManyRequests):
            other.count("192.0.2.1")
        other.count("198.51.100.1")
