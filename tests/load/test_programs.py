"""Each program in its short form, against a server of its own."""

from __future__ import annotations

import pytest

from benchmarks.postgres import program
from benchmarks.result import Row, table
from load import kills, outage, soak

pytestmark = pytest.mark.socket


def check(rows: list[Row]) -> None:
    assert all(row.met is not False for row in rows), table(rows)


def test_a_killed_server_has_counted_all_that_it_served() -> None:
    check(kills.run(1))


@pytest.mark.skipif(program("initdb") is None, reason="PostgreSQL is not installed")
def test_nobody_notices_that_the_database_is_away() -> None:
    check(outage.run(3))


def test_mixed_load_is_answered() -> None:
    check(soak.run(0.1))
