"""Each program in its short form, against servers of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from benchmarks.postgres import program
from benchmarks.result import Row, table
from benchmarks.server import Server, running_in
from load import churn, clock, disk, kills, outage, soak, vanishing
from load.desk import SETTINGS, Desk, Key, Missing, first_key
from load.disk import fill, small_disk
from load.ledger import Ledger
from load.traffic import TEXT, Speaker
from tests.redis import require_redis

pytestmark = pytest.mark.socket


def check(rows: list[Row]) -> None:
    assert rows and all(row.met is not False for row in rows), table(rows)


def test_a_killed_server_has_counted_all_that_it_served() -> None:
    check(kills.run(1))


@pytest.mark.skipif(program("initdb") is None, reason="PostgreSQL is not installed")
def test_nobody_notices_that_the_database_is_away() -> None:
    check(outage.run_postgres(3))


def test_nor_that_redis_is_away() -> None:
    require_redis()
    check(outage.run_redis(3))


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


def test_mixed_load_is_answered() -> None:
    rows = soak.run(0.25)
    check(rows)
    judged = [row.what for row in rows if row.met]
    assert judged[0].startswith("memory") and any(what.startswith("p99") for what in judged), table(rows)


def test_clients_that_vanish_leave_nothing() -> None:
    check(vanishing.run(100))


def test_keys_made_and_revoked_disturb_nobody() -> None:
    check(churn.run(8))


def test_a_clock_that_is_set_back_gives_nothing_twice() -> None:
    check(clock.run(3600))


@pytest.fixture
def one_disk() -> Path:
    """Skips where nobody may mount one."""
    try:
        with small_disk(1) as folder:
            fill(folder)
            assert (folder / "ballast").stat().st_size >= 1_000_000
    except Missing as error:
        pytest.skip(str(error))
    return folder


def test_a_disk_that_fills_up_stops_nobody_who_speaks(one_disk: Path) -> None:
    assert not one_disk.exists()
    check(disk.run(16))
