"""Checks that all tests of programs make of their rows."""

from __future__ import annotations

from benchmarks.result import Row, table


def check(rows: list[Row]) -> None:
    assert rows and all(row.met is not False for row in rows), table(rows)
