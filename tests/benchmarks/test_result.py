from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.result import Row, milliseconds, quantile, table


def test_quantile_is_a_value_that_was_there() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert quantile(values, 0.5) == 3.0
    assert quantile(values, 0.99) == 5.0
    assert quantile(values, 0.2) == 1.0
    assert quantile([7.0], 0.5) == 7.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0.01, 1.0))
def test_so_large_a_part_does_not_exceed_the_quantile(values: list[float], part: float) -> None:
    found = quantile(values, part)
    assert sum(value <= found for value in values) >= part * len(values) - 1e-6
    assert sum(value < found for value in values) < part * len(values) + 1e-6


def test_the_table_says_plainly_what_was_missed() -> None:
    rows = [Row("a", "< 1", "0.5", True), Row("longer", "< 1", "2", False), Row("  peer", "", "9")]
    lines = table(rows).splitlines()
    assert lines[0].split("|")[1:-1] == [" what   ", " reach ", " measured ", " met "]
    assert [line.split("|")[-2].strip() for line in lines[2:]] == ["yes", "NO", ""]
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0123456, "12.3 ms"), (0.00000512, "0.00512 ms"), (0.0, "0 ms"), (12.3456, "12346 ms")]
)
def test_milliseconds(seconds: float, text: str) -> None:
    assert milliseconds(seconds) == text
