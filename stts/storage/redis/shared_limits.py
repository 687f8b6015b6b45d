"""Limits that several servers count together in one Redis."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from stts.settings import CurrentSettings
from stts.storage.redis.address import RedisAddress
from stts.storage.redis.connection import RedisConnection
from stts.storage.redis.leases import RedisLeases
from stts.storage.redis.windows import RedisWindows


class SharedLimits:
    """One for the process."""

    def __init__(self, address: RedisAddress, refuses: Callable[[], bool]) -> None:
        """`refuses`: whether calls are refused while Redis is away, or are counted in this process."""
        self._connection = RedisConnection(address, refuses)
        self.rates = RedisWindows(self._connection)
        self.places = RedisLeases(self._connection)

    @classmethod
    def of(cls, settings: CurrentSettings, address: RedisAddress) -> SharedLimits:
        return cls(address, lambda: settings().limits.when_redis_is_away == "refuse")

    @property
    def state(self) -> Literal["up", "away"]:
        return self._connection.state

    async def open(self) -> None:
        """Looks for Redis once, for a second at most."""
        await self._connection.open()

    def endless(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Work that never ends by itself, by name."""
        return {"redis": self._connection.run, "leases": self.places.run}

    async def close(self) -> None:
        await self._connection.close()
