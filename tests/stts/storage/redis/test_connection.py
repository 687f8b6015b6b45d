"""Redis away: killed, frozen, full, or never there. No call waits, and it comes back by itself."""

from __future__ import annotations

import asyncio
import time

import pytest
from redis.asyncio import Redis

from stts.access.rates import Rate, RateExceeded, RateLimiter
from stts.errors import LimitsAway
from stts.settings.quotas import QuotaSettings
from stts.storage.redis import connection as module
from stts.storage.redis.address import RedisAddress
from stts.storage.redis.connection import CALL_SECONDS, RedisConnection
from stts.storage.redis.leases import RedisLeases
from stts.storage.redis.windows import RedisWindows
from tests.redis import PASSWORD, RedisServer
from tests.stts.storage.redis.conftest import Connect

pytestmark = pytest.mark.socket

RATES = [Rate("key:anna", 5)]


async def back(connection: RedisConnection) -> None:
    """Looks for Redis as `run` does, without its pauses."""
    while connection.state == "away":
        await connection.probe()


@pytest.mark.usefixtures("patience")
async def test_a_killed_redis_is_away_at_once_and_comes_back_by_itself(connect: Connect, redis: RedisServer) -> None:
    connection = await connect()
    limiter = RateLimiter(QuotaSettings, shared=RedisWindows(connection))
    for _ in range(2):
        await limiter.hit(RATES)
    redis.kill()
    # This process goes on with what it has admitted, and grants nothing twice.
    assert (await limiter.hit(RATES))[0].left == 2
    assert connection.state == "away"
    redis.start()
    watching = asyncio.create_task(connection.run())
    while connection.state == "away":  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.01)
    watching.cancel()
    # Redis has forgotten all, this process has not.
    assert (await limiter.hit(RATES))[0].left == 1
    await limiter.hit(RATES)
    with pytest.raises(RateExceeded):
        await limiter.hit(RATES)


async def test_a_frozen_redis_holds_up_calls_once_and_shortly(
    connect: Connect, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await connect()
    await back(connection)
    waits: list[float] = []

    async def within(work: object, seconds: float) -> object:
        waits.append(seconds)
        return await patient(work, seconds)  # type: ignore[arg-type]

    patient = module._within
    monkeypatch.setattr(module, "_within", within)
    redis.freeze()
    limiter = RateLimiter(QuotaSettings, shared=RedisWindows(connection))
    for _ in range(4):
        await limiter.hit(RATES)
    # Only the first waited, and no longer than a round trip may take; time itself says little on a busy machine.
    assert waits == [CALL_SECONDS]
    probing = asyncio.create_task(connection.probe())
    await asyncio.sleep(0)
    assert (await limiter.hit(RATES))[0].left == 0
    assert not probing.done()
    redis.thaw()
    await probing
    await back(connection)
    with pytest.raises(RateExceeded):
        await limiter.hit(RATES)


async def test_all_that_wait_for_a_frozen_redis_go_on_together(connect: Connect, redis: RedisServer) -> None:
    connection = await connect()
    await back(connection)
    redis.freeze()
    limiter = RateLimiter(QuotaSettings, shared=RedisWindows(connection))
    hits = [limiter.hit([Rate("key:anna", 50)]) for _ in range(300)]
    answers = await asyncio.gather(*hits, return_exceptions=True)
    assert sum(isinstance(answer, list) for answer in answers) == 50
    assert all(isinstance(answer, list | RateExceeded) for answer in answers)
    redis.thaw()


async def test_where_it_is_to_refuse_callers_with_limits_are_refused(redis: RedisServer) -> None:
    refuses = True
    connection = RedisConnection(redis.address, lambda: refuses)
    redis.kill()
    await connection.open()
    limiter = RateLimiter(QuotaSettings, shared=RedisWindows(connection))
    with pytest.raises(LimitsAway) as refused:
        await limiter.hit(RATES)
    assert refused.value.status == 503 and refused.value.retry_after
    assert PASSWORD not in refused.value.message
    with pytest.raises(LimitsAway):
        await RedisLeases(connection).take("a", "concurrent", [("key:anna", 1)])
    refuses = False
    assert (await limiter.hit(RATES))[0].left == 4
    await connection.close()


@pytest.mark.usefixtures("patience")
async def test_a_redis_that_takes_no_writes_is_away(connect: Connect, redis: RedisServer) -> None:
    connection = await connect()
    limiter = RateLimiter(QuotaSettings, shared=RedisWindows(connection))
    async with Redis.from_url(redis.url) as other:
        await other.config_set("maxmemory", 1)
        assert (await limiter.hit(RATES))[0].left == 4
        await connection.probe()
        assert connection.state == "away"
        await other.config_set("maxmemory", 0)
    await back(connection)
    assert (await limiter.hit(RATES))[0].left == 3


@pytest.mark.usefixtures("patience")
async def test_a_call_that_is_cancelled_disturbs_no_other(connect: Connect) -> None:
    connection = await connect()
    limiter = RateLimiter(QuotaSettings, shared=RedisWindows(connection))
    left, kept = (asyncio.create_task(limiter.hit(RATES)) for _ in range(2))
    await asyncio.sleep(0)
    left.cancel()
    await kept
    assert left.cancelled() and connection.state == "up"


async def test_an_answer_that_came_while_the_loop_was_held_up_is_taken(connect: Connect) -> None:
    connection = await connect()
    await back(connection)
    hit = asyncio.create_task(RedisWindows(connection).hit(RATES))
    for _ in range(20):
        await asyncio.sleep(0)
    time.sleep(10 * CALL_SECONDS)  # noqa: ASYNC251 - holds up the loop
    assert await hit is not None


def test_the_password_is_not_shown() -> None:
    address = RedisAddress(f"rediss://anna:{PASSWORD}@example.org:6380/1")
    assert address.shown == "rediss://example.org:6380/1" and PASSWORD not in repr(address)
