"""Requests a minute in a real Redis: several servers count together, exactly."""

from __future__ import annotations

import asyncio
import time

import pytest
from redis.asyncio import Redis

from stts.access.limits import Rate
from stts.access.rates import RateExceeded, RateLimiter
from stts.settings.quotas import QuotaSettings
from stts.storage.redis.connection import RedisConnection
from stts.storage.redis.scripts import HIT
from stts.storage.redis.windows import RedisWindows
from tests.redis import RedisServer
from tests.stts.storage.redis.conftest import Connect

pytestmark = [pytest.mark.socket, pytest.mark.usefixtures("patience")]


def limiter(connection: RedisConnection) -> RateLimiter:
    return RateLimiter(QuotaSettings, shared=RedisWindows(connection))


async def admitted(limiter: RateLimiter, rates: list[Rate]) -> bool:
    try:
        await limiter.hit(rates)
    except RateExceeded:
        return False
    return True


async def test_two_servers_that_are_asked_at_once_admit_exactly_the_rate(connect: Connect) -> None:
    servers = [limiter(await connect()) for _ in range(2)]
    rates = [Rate("key:anna", 50)]
    hits = [admitted(servers[number % 2], rates) for number in range(400)]
    assert sum(await asyncio.gather(*hits)) == 50


async def test_what_one_rate_refuses_counts_for_none(connect: Connect) -> None:
    here, there = limiter(await connect()), limiter(await connect())
    tight, wide = Rate("key:anna", 2), Rate("user:ben", 10)
    for _ in range(2):
        await here.hit([tight, wide])
    for _ in range(5):
        with pytest.raises(RateExceeded) as refused:
            await there.hit([tight, wide])
        assert [state.left for state in refused.value.states] == [0, 8]
    (state,) = await there.hit([wide])
    assert state.left == 7


async def test_a_refused_server_tells_when_there_is_more(connect: Connect) -> None:
    here, there = limiter(await connect()), limiter(await connect())
    began = time.monotonic()
    await here.hit([Rate("key:anna", 1)])
    with pytest.raises(RateExceeded) as refused:
        await there.hit([Rate("key:anna", 1)])
    passed = time.monotonic() - began
    assert refused.value.retry_after is not None
    assert 60.0 - passed - 0.1 <= refused.value.retry_after <= 60.0
    with pytest.raises(RateExceeded):
        await there.hit([Rate("key:anna", 0)])


async def test_a_window_moves(connect: Connect) -> None:
    """The script with a window that is short enough to see it end."""
    connection, length = await connect(), 200_000
    assert await connection.call(HIT, ["stts:rate:anna"], [length, 1]) == [0, length]
    count, left = await connection.call(HIT, ["stts:rate:anna"], [length, 1])
    assert count == 1 and 0 < left <= length
    while (await connection.call(HIT, ["stts:rate:anna"], [length, 1]))[0]:  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.01)
    assert (await connection.call(HIT, ["stts:rate:anna"], [length, 1]))[0] == 1


async def test_a_clock_that_is_set_back_refuses_nobody_for_longer_than_a_minute(
    connect: Connect, redis: RedisServer
) -> None:
    connection = await connect()
    async with Redis.from_url(redis.url) as other:
        later = round((time.time() + 3600) * 1_000_000)
        await other.lpush("stts:rate:key:anna", later, later + 1)
    state = (await limiter(connection).hit([Rate("key:anna", 3)]))[0]
    assert state.left == 0 and state.reset_seconds <= 60.0


async def test_redis_forgets_windows_by_itself(connect: Connect, redis: RedisServer) -> None:
    await limiter(await connect()).hit([Rate("key:anna", 5), Rate("user:ben", 5)])
    async with Redis.from_url(redis.url) as other:
        for name in ("stts:rate:key:anna", "stts:rate:user:ben"):
            assert 0 < await other.pttl(name) <= 60_000


async def test_a_script_that_redis_has_forgotten_is_sent_again(connect: Connect, redis: RedisServer) -> None:
    connection = await connect()
    await limiter(connection).hit([Rate("key:anna", 5)])
    async with Redis.from_url(redis.url) as other:
        await other.script_flush()
    assert (await limiter(connection).hit([Rate("key:anna", 5)]))[0].left == 3
    assert connection.state == "up"
