"""The tier in a real Redis: shared by servers, damaged entries, and a Redis that is killed and comes back."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from stts.cache.redis_link import CALL_SECONDS, PROBE_SECONDS, TIMEOUTS
from stts.cache.redis_tier import LARGE_BYTES, PREFIX, RedisTier
from stts.cache.removals import REPEAT_SECONDS
from stts.cache.store import CacheStore
from stts.cache.stored import Selection
from tests.redis import running_redis
from tests.skipping import skip
from tests.stts.cache.entries import NOW, Clock, entry, key, removed, settings

pytestmark = pytest.mark.socket


async def test_servers_share_what_they_made() -> None:
    with running_redis() as server:
        first, second = RedisTier(server.url), RedisTier(server.url)
        await first.open()
        one, two = (CacheStore(settings(), [tier], Clock()) for tier in (first, second))
        one.put(key(1), entry(1))
        one.put(key(2), entry(2, engine="piper", voices=("anna",), owner="u1"))
        await one.written()
        assert await two.get(key(1)) == entry(1) and await two.get(key(3)) is None
        found = await second.statistics(NOW)
        assert (found.entries, found.hits, found.state) == (2, 1, "up") and 2000 > found.bytes > 500
        assert [share.engine for share in found.shares] == ["piper", "tone"]
        assert await removed(second, Selection(owner="u1")) == 1
        assert await second.get(key(2), NOW) is None and await first.get(key(1), NOW)
        assert await removed(second, Selection()) == 1
        await one.close()
        await two.close()


async def test_a_damaged_entry_is_a_miss_and_goes() -> None:
    with running_redis() as server:
        tier = RedisTier(server.url)
        await tier.put(key(1), entry(1), NOW)
        client = tier._link.client
        await client.setrange(PREFIX + key(1), 500, b"?")
        assert await tier.get(key(1), NOW) is None
        assert await client.exists(PREFIX + key(1)) == 0
        assert (await tier.statistics(NOW)).failures == 1
        await tier.close()


async def test_nothing_asks_a_redis_that_is_away_until_it_is_back() -> None:
    with running_redis() as server:
        tier = RedisTier(server.url)
        await tier.put(key(1), entry(1), NOW)
        assert await tier.get(key(1), NOW) == entry(1)
        server.kill()
        assert await tier.get(key(1), NOW) is None
        assert tier.state == "resting" and not tier.may_have(key(1))
        await tier.put(key(2), entry(2), NOW)
        assert (await tier.statistics(NOW)).failures == 1
        server.start()
        assert tier._link.probing is not None
        while not tier._link.probing.done():
            skip(PROBE_SECONDS)
            await asyncio.wait([tier._link.probing], timeout=PROBE_SECONDS / 2)
        await tier.put(key(2), entry(2), NOW)
        assert await tier.get(key(2), NOW) == entry(2)
        await tier.close()


async def test_an_address_where_nothing_answers() -> None:
    tier = RedisTier("redis://127.0.0.1:1")
    await tier.open()
    assert tier.state == "resting" and await tier.get(key(1), NOW) is None
    await tier.close()


async def test_a_full_redis_is_not_away() -> None:
    with running_redis() as server:
        tier = RedisTier(server.url)
        await tier.put(key(1), entry(1), NOW)
        await tier._link.client.config_set("maxmemory-policy", "noeviction")
        await tier._link.client.config_set("maxmemory", "1")
        await tier.put(key(2), entry(2), NOW)
        assert tier.state == "up" and (await tier.statistics(NOW)).failures == 1
        assert await tier.get(key(1), NOW) == entry(1) and await tier.get(key(2), NOW) is None
        await tier.close()


async def test_one_answer_that_is_late_is_not_away_and_several_are() -> None:
    with running_redis() as server:
        tier = RedisTier(server.url)
        await tier.put(key(1), entry(1), NOW)
        await tier._link.client.client_pause(60_000)
        for number in range(TIMEOUTS):
            assert tier.state == "up"
            asked = asyncio.ensure_future(tier.get(key(number), NOW))
            await asyncio.sleep(0)
            skip(CALL_SECONDS)
            assert await asked is None
        assert tier.state == "resting"
        await tier.close()


async def test_a_removal_asked_of_a_redis_that_is_away_is_carried_out_when_it_is_back() -> None:
    with running_redis() as server:
        tier, other = RedisTier(server.url), RedisTier(server.url)
        cache = CacheStore(settings(), [tier], Clock())
        server.kill()
        assert await tier.get(key(1), NOW) is None and tier.state == "resting"
        assert await cache.remove(Selection(owner="u1")) == 0
        server.start()
        await other.put(key(1), entry(1, owner="u1"), NOW)
        await other.put(key(2), entry(2), NOW)
        while tier.state == "resting":
            skip(PROBE_SECONDS)
            await asyncio.sleep(0.01)
        assert await cache.get(key(1)) is None and await cache.get(key(2)) == entry(2)
        while await other.get(key(1), NOW) is not None:
            skip(REPEAT_SECONDS)
            await asyncio.sleep(0.01)
        assert await other.get(key(2), NOW) == entry(2)
        for each in (cache, other):
            await each.close()


async def test_large_entries_and_long_descriptions() -> None:
    with running_redis() as server:
        tier = RedisTier(server.url)
        long = replace(entry(1, LARGE_BYTES), owner="u1", about={"marks": [[each, 0.5, 0, 9] for each in range(9000)]})
        await tier.put(key(1), long, NOW)
        for number in range(2, 700):
            await tier.put(key(number), entry(number, 8), NOW)
        assert await tier.get(key(1), NOW) == long
        assert await tier.remove(frozenset({Selection(owner="u1"), Selection(owner="u2")})) == {
            Selection(owner="u1"): 1
        }
        assert await removed(tier, Selection(engine="tone")) == 698
        await tier.close()
