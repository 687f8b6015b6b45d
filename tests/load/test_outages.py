"""Programs in which something that the server stands on is away, in their short form, against servers of their own."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from benchmarks.server import Server, running_in
from load import outage, pair
from load.desk import SETTINGS, Desk, Key, first_key
from load.ledger import Ledger
from load.traffic import TEXT, Speaker
from tests.load.checked import check
from tests.postgres import require_postgres
from tests.redis import require_redis

pytestmark = [pytest.mark.socket, pytest.mark.long]


def test_nobody_notices_that_the_database_is_away() -> None:
    require_postgres()
    check(outage.run_postgres(3))


def test_nor_that_redis_is_away() -> None:
    require_redis()
    check(outage.run_redis(3))


def test_two_servers_on_one_root_lose_nothing_when_one_is_killed() -> None:
    check(pair.run(1))


def test_nor_with_a_database_and_limits_that_they_share() -> None:
    require_postgres()
    require_redis()
    check(pair.run_shared(1))


def test_quotas_are_asked_of_the_database(tmp_path: Path) -> None:
    with running_in(tmp_path, SETTINGS) as server:
        keys = asyncio.run(spoken(server))
        server.process.kill()
    with sqlite3.connect(tmp_path / "data" / "stts.db") as database:
        lost = database.execute("UPDATE quota_counters SET used = 1 WHERE subject = ?", (f"key:{keys[0].id}",))
        assert lost.rowcount > 0
    first, second = (outage.counted_by(tmp_path, SETTINGS, keys)[key]["characters_per_month"] for key in keys)
    assert first == 1 and second >= len(TEXT)


async def spoken(server: Server) -> list[Key]:
    """Two keys that have spoken."""
    desk = Desk(server.port, first_key(server))
    keys = [await desk.new_key(limits=outage.LIMITS) for _ in range(2)]
    for key in keys:
        speaker = Speaker(server.port, key.text)
        await speaker.call(Ledger())
        speaker.leave()
    return keys
