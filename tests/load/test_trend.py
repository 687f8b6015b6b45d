from __future__ import annotations

import math
import random

import pytest

from load.resources import MIB
from load.soak import MEMORY
from load.trend import HOUR, LONG, Point, trend


def series(slope: float, noise: float, *, minutes: int = 120, seed: int = 1) -> list[Point]:
    """A value each minute, which rises by `slope` an hour, with normal noise."""
    chance = random.Random(seed)
    return [(at * 60.0, 200 * MIB + slope * at / 60 + chance.gauss(0, noise)) for at in range(minutes)]


def test_the_slope_of_a_line_is_its_slope() -> None:
    found = trend(series(3600.0, 0.0))
    assert (found.slope, found.low, found.high) == pytest.approx((1.0, 1.0, 1.0))
    assert found.certain_rise == pytest.approx(119 * 60)


@pytest.mark.parametrize("seed", range(20))
def test_a_leak_is_found_under_noise(seed: int) -> None:
    assert not MEMORY.holds(trend(series(12 * MIB, 4 * MIB, seed=seed)))


@pytest.mark.parametrize("minutes", [50, 120, 240])
def test_what_is_allowed_an_hour_counts_from_about_an_hour_on(minutes: int) -> None:
    assert not MEMORY.holds(trend(series(1.1 * MEMORY.an_hour, 0.0, minutes=minutes)))
    assert MEMORY.holds(trend(series(0.9 * MEMORY.an_hour, 0.0, minutes=minutes)))
    assert MEMORY.allowed(LONG) < MEMORY.allowed(LONG - 1) == MEMORY.at_all


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_none(seed: int) -> None:
    assert MEMORY.holds(trend(series(0.0, 20 * MIB, seed=seed)))


def test_nor_is_a_rise_within_the_bound() -> None:
    assert MEMORY.holds(trend(series(2 * MIB, 1 * MIB)))


def test_nor_are_outliers_or_a_sawtooth() -> None:
    points = [(at, value + (500 * MIB if place % 10 == 9 else 0)) for place, (at, value) in enumerate(series(0, MIB))]
    assert MEMORY.holds(trend(points))
    assert MEMORY.holds(trend([(at * 60.0, (at % 15) * 5 * MIB) for at in range(120)]))


def test_a_fall_is_no_rise() -> None:
    found = trend(series(-50 * MIB, MIB))
    assert found.high < 0 and found.certain_rise == 0.0 and MEMORY.holds(found)


def test_a_short_series_may_rise_by_what_is_allowed_at_all() -> None:
    steep = [(float(second), second * MIB / 4) for second in range(20)]
    assert trend(steep).slope * HOUR > 100 * MEMORY.an_hour
    assert MEMORY.holds(trend(steep))


def test_few_points_make_nothing_certain() -> None:
    found = trend([(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)])
    assert (found.slope, found.low, found.high) == (1.0, -math.inf, math.inf)
    assert trend([]).certain_rise == 0.0
