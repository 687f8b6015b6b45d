"""Checks that all tests of programs make of their rows: of what holds on any machine, however busy it is."""

from __future__ import annotations

from benchmarks.result import Row, table


def check(rows: list[Row]) -> None:
    """Times are judged by `make soak`, `make faults` and `make bench`."""
    assert not [row.what for row in rows if " ms" in row.measured and row.met is not None and not row.timed]
    judged = [row.met for row in rows if not row.timed]
    assert True in judged and False not in judged, table(rows)
