from __future__ import annotations

import pytest

from benchmarks.leaving import slot_delay


def test_counts_from_the_first_yield_after_the_client_left() -> None:
    trace = "start 1.0\nblock 1.1\nblock 1.2\nend 1.2005\nstart 1.203\nblock 1.3\n"
    assert slot_delay(trace, left=1.15) == pytest.approx(0.003)


def test_counts_every_yield_that_was_one_too_many() -> None:
    trace = "start 1.0\nblock 1.1\nblock 1.2\nblock 1.3\nend 1.3\nstart 1.301\n"
    assert slot_delay(trace, left=1.15) == pytest.approx(0.101)


def test_counts_from_the_leaving_where_the_engine_had_nothing_more_to_yield() -> None:
    trace = "start 1.0\nblock 1.1\nend 1.1\nstart 1.17\nblock 1.2\n"
    assert slot_delay(trace, left=1.15) == pytest.approx(0.02)
