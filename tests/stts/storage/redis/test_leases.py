"""Places of what goes on at once, counted by several servers in a real Redis."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from stts.access.concurrency import Concurrency
from stts.access.limits import Subject
from stts.errors import TooManyRequests
from stts.storage.redis import leases
from stts.storage.redis.leases import RedisLeases
from tests.redis import RedisServer
from tests.stts.storage.redis.conftest import Connect

pytestmark = [pytest.mark.socket, pytest.mark.usefixtures("patience")]

ANNA = Subject("key:anna", {"concurrent": 2})
BEN = Subject("user:ben", {"concurrent": 3})
KEY = "stts:concurrent:key:anna"


async def settled(other: Redis, count: int, key: str = KEY) -> None:
    """Returns once Redis holds so many places."""
    while await other.zcard(key) != count:  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.01)


async def test_places_of_two_servers_count_together(connect: Connect, redis: RedisServer) -> None:
    here, there = [Concurrency("concurrent", RedisLeases(await connect())) for _ in range(2)]
    async with here.taken([ANNA, BEN]), there.taken([ANNA, BEN]):
        for server in (here, there):
            with pytest.raises(TooManyRequests, match="key may have 2 operations"):
                async with server.taken([ANNA, BEN]):
                    pytest.fail("it was let in")
        async with there.taken([BEN]):
            pass
    async with Redis.from_url(redis.url) as other:
        await settled(other, 0)
        await settled(other, 0, "stts:concurrent:user:ben")


async def test_many_at_once_get_exactly_the_places(connect: Connect) -> None:
    servers = [Concurrency("concurrent", RedisLeases(await connect())) for _ in range(2)]
    enough = asyncio.Event()
    admitted: list[int] = []

    async def take(number: int) -> None:
        try:
            async with servers[number % 2].taken([Subject("key:anna", {"concurrent": 7})]):
                admitted.append(number)
                await enough.wait()
        except TooManyRequests:
            return

    tasks = [asyncio.create_task(take(number)) for number in range(60)]
    while sum(task.done() for task in tasks) < 53:  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.01)
    assert len(admitted) == 7
    enough.set()
    await asyncio.gather(*tasks)


async def test_places_of_a_server_that_was_killed_become_free(
    connect: Connect, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_MILLISECONDS", 300)
    killed, other = RedisLeases(await connect()), RedisLeases(await connect())
    assert await killed.take("a", "concurrent", [("key:anna", 1)]) is None
    assert await other.take("b", "concurrent", [("key:anna", 1)]) == 0
    while await other.take("b", "concurrent", [("key:anna", 1)]) is not None:  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.01)


async def test_places_that_are_renewed_last(connect: Connect, redis: RedisServer) -> None:
    living = RedisLeases(await connect())
    async with Redis.from_url(redis.url) as other, AsyncExitStack() as stack:
        concurrency = Concurrency("concurrent", living)
        await stack.enter_async_context(concurrency.taken([ANNA, BEN]))
        await other.pexpire(KEY, 100)
        await living.renew()
        assert await other.pttl(KEY) > 1000
        await other.flushall()
        await living.renew()
        assert await other.zcard(KEY) == 1


async def test_leases_from_before_the_clock_was_set_back_end(connect: Connect, redis: RedisServer) -> None:
    places = RedisLeases(await connect())
    async with Redis.from_url(redis.url) as other:
        seconds, _ = await other.time()
        await other.zadd(KEY, {"dead": (seconds + 3600) * 1000})
    assert await places.take("a", "concurrent", [("key:anna", 1)]) is None
