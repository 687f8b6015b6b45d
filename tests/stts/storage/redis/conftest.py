"""Connections to a real Redis. With `patience` its answers have time that no busy machine uses up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from stts.storage.redis import connection
from stts.storage.redis.connection import RedisConnection
from tests.patient import PATIENCE
from tests.redis import RedisServer, running_redis

Connect = Callable[[], Awaitable[RedisConnection]]


async def back(connection: RedisConnection) -> None:
    """Looks for Redis as `run` does, without its pauses."""
    while connection.state == "away":
        await connection.probe()


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CALL_SECONDS", PATIENCE)
    monkeypatch.setattr(connection, "CONNECT_SECONDS", PATIENCE)


@pytest.fixture
async def connect(redis: RedisServer) -> AsyncIterator[Connect]:
    """Opens a connection, as another server would."""
    opened: list[RedisConnection] = []

    async def connect() -> RedisConnection:
        opened.append(RedisConnection(redis.address))
        await opened[-1].open()
        return opened[-1]

    yield connect
    for each in opened:
        await each.close()
