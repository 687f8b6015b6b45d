"""A connection to Redis that is closed from outside between two calls: the next one notices, and connects anew."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
from redis.asyncio import Redis

from stts.access.limits import Rate
from stts.storage.redis.address import RedisAddress
from stts.storage.redis.connection import RedisConnection
from stts.storage.redis.leases import RedisLeases
from stts.storage.redis.scripts import HIT
from stts.storage.redis.windows import RedisWindows
from tests.redis import RedisServer
from tests.stts.storage.redis.conftest import Connect

pytestmark = pytest.mark.socket

RATES = [Rate("key:anna", 5)]


async def closed(connection: RedisConnection) -> None:
    """Waits until the loop knows that the other side has closed the socket."""
    used = connection._transport._connection
    assert used is not None and used._reader is not None and used._writer is not None
    while not (used._reader.at_eof() or used._writer.is_closing()):  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)


@pytest.mark.usefixtures("patience")
async def test_a_connection_that_redis_closes_is_replaced_by_the_next_call(
    connect: Connect, redis: RedisServer
) -> None:
    connection = await connect()
    leases, windows, returns = RedisLeases(connection), RedisWindows(connection), connection.returns
    assert await leases.take("here", "concurrent", [("key:anna", 1)]) is None
    async with Redis.from_url(redis.url) as other:
        await other.client_kill_filter(_type="normal", skipme=True)
        await closed(connection)
        left = [states and states[0].left for states in [await windows.hit(RATES), await windows.hit(RATES)]]
        assert left == [5, 4], "each was counted once"
        assert connection.state == "up" and connection.returns == returns + 1, "it may be another Redis"
        assert await leases.take("there", "concurrent", [("key:anna", 1)]) == 0


@pytest.mark.usefixtures("patience")
async def test_a_connection_that_is_reset_is_replaced_by_the_next_call() -> None:
    """As a proxy does that gives up."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while line := await reader.readline():
            if line.startswith(b"*"):
                for _ in range(2 * int(line[1:])):
                    await reader.readline()
                writer.write(b"+OK\r\n")

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        connection = RedisConnection(RedisAddress(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"))
        await connection.open()
        at_once = struct.pack("ii", 1, 0)
        opened = len(writers)  # more than one where a busy machine has let the first one wait
        for writer in writers:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            writer.transport.abort()
        await closed(connection)
        assert await connection.call(HIT, ["a"], [1, 2]) == b"OK"
        assert connection.state == "up" and len(writers) > opened
        await connection.close()
        for writer in writers[opened:]:
            writer.close()
