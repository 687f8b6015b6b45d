"""Redis away: killed, frozen, full, or never there. No call waits, and it comes back by itself."""

from __future__ import annotations

import asyncio
import time

import pytest
from redis.asyncio import Redis
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.testing import capture_logs

from stts.access.limits import Rate
from stts.access.rates import RateExceeded, RateLimiter
from stts.errors import LimitsAway
from stts.settings.quotas import QuotaSettings
from stts.storage.redis import connection as module
from stts.storage.redis.address import RedisAddress
from stts.storage.redis.connection import CALL_SECONDS, RedisConnection
from stts.storage.redis.leases import RedisLeases
from stts.storage.redis.round_trip import Patience
from stts.storage.redis.scripts import HIT
from stts.storage.redis.windows import RedisWindows
from tests.patient import PATIENCE
from tests.redis import PASSWORD, RedisServer
from tests.stts.storage.redis.conftest import Connect, back

pytestmark = pytest.mark.socket

RATES = [Rate("key:anna", 5)]


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


@pytest.mark.usefixtures("patience")
async def test_a_redis_that_comes_back_empty_grants_a_burst_nothing_twice(connect: Connect, redis: RedisServer) -> None:
    connection = await connect()
    limiter = RateLimiter(QuotaSettings, shared=RedisWindows(connection))
    rates = [Rate("key:anna", 10)]
    for _ in range(8):
        await limiter.hit(rates)
    async with Redis.from_url(redis.url) as other:
        await other.flushall()
    answers = await asyncio.gather(*(limiter.hit(rates) for _ in range(40)), return_exceptions=True)
    assert sum(isinstance(answer, list) for answer in answers) == 2
    assert sum(isinstance(answer, RateExceeded) for answer in answers) == 38


async def test_a_frozen_redis_holds_up_calls_once_and_shortly(
    connect: Connect, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await connect()
    await back(connection)
    waits: list[float] = []

    async def ends(trip: asyncio.Future[object], seconds: float) -> bool:
        waits.append(seconds)
        return await patience.ends(trip, seconds)

    patience = Patience()
    monkeypatch.setattr(connection._patience, "ends", ends)
    redis.freeze()
    limiter = RateLimiter(QuotaSettings, shared=RedisWindows(connection))
    for _ in range(4):
        await limiter.hit(RATES)
    # Only the first waited, and no longer than a call may; time itself says little on a busy machine.
    assert waits.count(CALL_SECONDS) == 1
    while connection.state == "up":  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.01)
    probing = asyncio.create_task(connection.probe())
    await asyncio.sleep(0)
    assert (await limiter.hit(RATES))[0].left == 0
    assert not probing.done()
    redis.thaw()
    await probing
    await back(connection)
    with pytest.raises(RateExceeded):
        await limiter.hit(RATES)


async def test_a_redis_that_is_late_is_not_away_and_counts_what_it_was_asked(
    connect: Connect, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AWAY_SECONDS", PATIENCE)
    connection = await connect()
    await back(connection)
    windows = RedisWindows(connection)
    redis.freeze()
    assert await asyncio.gather(*(windows.hit(RATES) for _ in range(3))) == [None] * 3
    assert await windows.hit(RATES) is None and connection.state == "up"
    redis.thaw()
    while (states := await windows.hit(RATES)) is None:  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.01)
    assert states[0].left <= 2 and connection.returns == 1


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
async def test_that_it_is_away_belongs_to_no_request(connect: Connect, redis: RedisServer) -> None:
    connection = await connect()
    redis.kill()
    with bound_contextvars(request_id="of a caller"), capture_logs(processors=[merge_contextvars]) as lines:
        await RedisWindows(connection).hit(RATES)
    (away,) = (line for line in lines if line["event"] == "redis_away")
    assert "request_id" not in away


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


async def test_an_answer_is_taken_by_a_loop_that_is_held_up_all_the_time(connect: Connect) -> None:
    connection = await connect()
    await back(connection)
    windows = RedisWindows(connection)

    async def hold_up() -> None:
        while True:
            time.sleep(2 * CALL_SECONDS)  # noqa: ASYNC251 - holds up the loop
            await asyncio.sleep(0)

    busy = asyncio.create_task(hold_up())
    assert await windows.hit(RATES) is not None
    assert all(await asyncio.gather(*(windows.hit([Rate("key:ben", 500)]) for _ in range(100))))
    busy.cancel()
    assert connection.state == "up"


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("answer", [b"$abc\r\n", b"*x\r\n", b"HTTP/1.1 400\r\n", b":" + b"9" * 70_000 + b"\r\n", b""])
async def test_what_is_no_redis_answers_no_call_and_is_away(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            if line.startswith(b"*"):
                words = [await reader.readline() for _ in range(2 * int(line[1:]))]
                is_call = words[1] == b"EVALSHA\r\n" and connection.state == "up"
                writer.write(answer if is_call else b"+OK\r\n")
                if is_call and not answer:
                    break
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        connection = RedisConnection(RedisAddress(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"))
        await connection.open()
        assert connection.returns == 1
        with pytest.raises(LimitsAway):
            await connection.call(HIT, ["a"], [1, 2])
        assert connection.state == "away"
        await connection.close()


async def test_a_close_answers_what_waits(
    connect: Connect, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await connect()
    await back(connection)
    monkeypatch.setattr(module, "CALL_SECONDS", PATIENCE)
    monkeypatch.setattr(module, "LARGEST_BATCH", 1)
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.01)
    redis.freeze()
    hits = [asyncio.create_task(RedisWindows(connection).hit(RATES)) for _ in range(3)]
    await asyncio.sleep(0)
    await connection.close()
    assert await asyncio.gather(*hits) == [None] * 3


async def test_looks_and_calls_go_over_one_connection(connect: Connect, redis: RedisServer) -> None:
    connection = await connect()
    await back(connection)
    await asyncio.gather(connection.probe(), RedisWindows(connection).hit(RATES), connection.probe())
    async with Redis.from_url(redis.url) as other:
        assert len(await other.client_list()) == 2


def test_the_password_is_not_shown() -> None:
    address = RedisAddress(f"rediss://anna:{PASSWORD}@example.org:6380/1")
    assert address.shown == "rediss://example.org:6380/1" and PASSWORD not in repr(address)
