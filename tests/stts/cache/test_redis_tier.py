"""The tier in a real Redis: shared by servers, damaged entries, and a Redis that is killed and comes back."""

from __future__ import annotations

import asyncio

import pytest

from stts.cache.redis_tier import PREFIX, PROBE_SECONDS, RedisTier
from stts.cache.store import CacheStore
from stts.cache.stored import Selection
from tests.redis import running_redis
from tests.skipping import skip
from tests.stts.cache.entries import NOW, Clock, entry, key, settings

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
        assert (found.entries, found.hits, found.state) == (2, 1, "up") and found.bytes > 2000
        assert [share.engine for share in found.shares] == ["piper", "tone"]
        assert await second.remove(Selection(owner="u1")) == 1
        assert await second.get(key(2), NOW) is None and await first.get(key(1), NOW)
        assert await second.remove(Selection()) == 1
        await one.close()
        await two.close()


async def test_a_damaged_entry_is_a_miss_and_goes() -> None:
    with running_redis() as server:
        tier = RedisTier(server.url)
        await tier.put(key(1), entry(1), NOW)
        client = tier._connected()
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
        assert tier._probing is not None
        while not tier._probing.done():
            skip(PROBE_SECONDS)
            await asyncio.wait([tier._probing], timeout=PROBE_SECONDS / 2)
        await tier.put(key(2), entry(2), NOW)
        assert await tier.get(key(2), NOW) == entry(2)
        await tier.close()


async def test_an_address_where_nothing_answers() -> None:
    tier = RedisTier("redis://127.0.0.1:1")
    await tier.open()
    assert tier.state == "resting" and await tier.get(key(1), NOW) is None
    await tier.close()
