"""Places of what goes on at once, counted by several servers in a real Redis."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from stts.access.concurrency import Concurrency
from stts.access.limits import Subject
from stts.errors import LimitsAway, TooManyRequests
from stts.storage.redis import connection as module
from stts.storage.redis import leases
from stts.storage.redis.connection import RedisConnection
from stts.storage.redis.leases import RedisLeases
from stts.storage.redis.scripts import PROBE
from tests.patient import PATIENCE
from tests.redis import RedisServer
from tests.stts.storage.redis.conftest import Connect, back

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


async def test_a_place_given_back_while_redis_is_away_is_free_when_it_is_back(
    connect: Connect, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await connect()
    places, only = RedisLeases(connection), [("key:anna", 1)]
    assert await places.take("a", "concurrent", only) is None
    async with Redis.from_url(redis.url) as other:
        monkeypatch.setattr(module, "CALL_SECONDS", 0.01)
        monkeypatch.setattr(module, "AWAY_SECONDS", 0.01)
        redis.freeze()
        with pytest.raises(LimitsAway):
            await connection.call(PROBE, ["probe"], [1])
        while connection.state == "up":  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)
        places.give_back("a")
        monkeypatch.setattr(module, "CALL_SECONDS", PATIENCE)
        redis.thaw()
        await back(connection)
        assert await other.zcard(KEY) == 1
        assert await places.take("b", "concurrent", only) is None
        assert await places.take("c", "concurrent", only) == 0


async def test_a_place_whose_release_was_under_way_is_free_without_another_call(
    connect: Connect, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LOOK_SECONDS", 0.01)
    connection = await connect()
    places = RedisLeases(connection)
    assert await places.take("a", "concurrent", [("key:anna", 1), ("user:ben", 1)]) is None
    async with Redis.from_url(redis.url) as other:
        ends_at = await other.zscore(KEY, "a")
    redis.kill()
    places.give_back("a")
    while connection.state == "up":  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.01)
    redis.start()
    async with Redis.from_url(redis.url) as other:
        await other.zadd(KEY, {"a": ends_at or 0})
        await back(connection)
        running = asyncio.create_task(places.run())
        await settled(other, 0)
        running.cancel()


async def test_what_redis_has_not_heard_of_is_bounded_in_number_and_time(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "MOST_UNHEARD", 3)
    times = iter([0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 31.5, 31.5])
    places = RedisLeases(RedisConnection(redis.address), lambda: next(times))
    for holder, left in [("a", "a"), ("b", "ab"), ("c", "abc"), ("d", "bcd"), ("e", "cde")]:
        assert await places.take(holder, "concurrent", [("key:anna", 9)]) is None
        places.give_back(holder)
        assert "".join(places._unheard) == left
