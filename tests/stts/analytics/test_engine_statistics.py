"""Moving averages of what was measured."""

from __future__ import annotations

import pytest

from stts.analytics.engine_statistics import Statistics


def test_the_first_measurement_is_the_average_and_later_ones_move_it() -> None:
    statistics = Statistics()
    statistics.first(1.0)
    assert statistics.first_seconds == 1.0
    statistics.first(2.0)
    assert statistics.first_seconds == pytest.approx(1.2)


def test_failures_are_counted_and_their_rate_fades() -> None:
    statistics = Statistics()
    statistics.failed("engine_crashed")
    assert (statistics.requests, statistics.failures, statistics.last_error) == (1, 1, "engine_crashed")
    rate = statistics.failure_rate
    statistics.succeeded()
    assert 0.0 < statistics.failure_rate < rate < 1.0
    assert (statistics.requests, statistics.failures) == (2, 1)
