"""The Redis of tests, which are skipped where there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks import redis
from benchmarks.redis import PASSWORD as PASSWORD
from benchmarks.redis import PROGRAM as PROGRAM
from benchmarks.redis import RedisServer as RedisServer


def require_redis() -> None:
    """Skips the test where Redis is not installed."""
    if PROGRAM is None:
        assert not os.environ.get("STTS_REQUIRE_REDIS"), "redis-server is not installed"
        pytest.skip("redis-server is not installed")


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """Skips the test where Redis is not installed."""
    require_redis()
    with redis.running_redis() as server:
        yield server
