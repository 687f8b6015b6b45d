"""The forecast on made-up histories, whose pattern is known."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.analytics.forecast import LEAST_DAYS, TOLD_DAYS, WEEKDAYS, Forecast, forecast

START = 19_996
"""Monday, 2024-09-30."""


def made(weeks: int, value: Callable[[int, int], float], **changed: float) -> dict[int, float]:
    """Values of whole weeks from a Monday on; `value` knows weekday and hour. `changed`: d12=0.0 makes day 12 so much
    of what it was."""
    values = {}
    for day in range(weeks * 7):
        for hour in range(24):
            part = changed.get(f"d{day}", 1.0)
            if made_value := value(day % 7, hour) * part:
                values[(START + day) * 24 + hour] = made_value
    return values


def office(weekday: int, hour: int) -> float:
    """A hundred an hour from 9 to 17 on working days, and 300 on Tuesdays at 10."""
    if weekday > 4 or not 9 <= hour < 17:
        return 0.0
    return 300.0 if (weekday, hour) == (1, 10) else 100.0


def told(values: dict[int, float], weeks: int) -> Forecast:
    return forecast(values, (START + weeks * 7) * 86_400 + 1800.0, "operations")


def test_days_have_their_names() -> None:
    values = made(8, office, d9=0.0)
    found = told({START * 24: 0.0} | values, 8)
    assert [each.weekday for each in found.profile[::24]] == list(WEEKDAYS)
    assert [each.day - START for each in found.unusual] == [9]
    assert "Wednesday 2024-10-09 brought less than usual: 0 operations" in found.words[-1]


def test_the_profile_of_a_steady_history_is_the_history() -> None:
    found = told({START * 24: 0.0} | made(8, office), 8)
    assert found.days == 56 and found.unusual == ()
    for number, each in enumerate(found.profile):
        assert each.band.usual == office(number // 24, number % 24)
        assert each.band.low <= each.band.usual <= each.band.high
    assert str(found.peaks[0]) == "Tuesdays 10:00 to 11:00" and len(found.peaks) == 5
    assert "The busiest hours, in operations: Tuesdays 10:00 to 11:00 (about 300)," in found.words[1]
    assert found.words[-1] == "No day fell outside the usual."


def test_the_coming_hours_are_those_of_the_week() -> None:
    found = told({START * 24: 0.0} | made(8, office), 8)
    assert [each.band.usual for each in found.coming] == [office(0, hour % 24) for hour in range(1, 24)] + [0.0]
    assert found.coming[0].start == (START + 56) * 86_400 + 3600


def test_days_outside_the_band_are_told() -> None:
    found = told({START * 24: 0.0} | made(8, office, d30=3.0, d15=0.1), 8)
    assert [(each.day - START, each.total) for each in found.unusual] == [(30, 2400.0), (15, 100.0)]
    more, less = found.words[-2:]
    assert "brought more than usual: 2,400 operations, where other Wednesdays bring about 800" in more
    assert "brought less than usual: 100 operations, where other Tuesdays bring about 1,000" in less


def test_a_wild_day_widens_nothing() -> None:
    calm = told({START * 24: 0.0} | made(8, office), 8)
    wild = told({START * 24: 0.0} | made(8, office, d30=1000.0), 8)
    assert wild.profile == calm.profile
    assert [each.day - START for each in wild.unusual] == [30]


def test_noise_is_nothing_unusual() -> None:
    chance = random.Random(7)
    outside = 0
    for _ in range(20):
        values = made(12, lambda weekday, hour: office(weekday, hour) * chance.gauss(1.0, 0.3))
        outside += len(told({START * 24: 0.0} | values, 12).unusual)
    assert outside <= 20 * 84 * 0.02


@pytest.mark.parametrize("days", [0, 1, 9, LEAST_DAYS - 1])
def test_too_little_history_is_said(days: int) -> None:
    values = {(START + day) * 24: 5.0 for day in range(days)}
    found = forecast(values, (START + days) * 86_400 + 1.0, "operations")
    sentence = f"There is too little history for a forecast: {days} whole days are known, {LEAST_DAYS} are needed."
    assert found == Forecast(days, (sentence,))


def test_the_day_that_runs_and_the_one_that_began_late_do_not_count() -> None:
    values = {START * 24 + 5: 9.0} | made(8, lambda weekday, hour: 10.0)
    del values[START * 24]
    for hour in range(5):
        values.pop(START * 24 + hour, None)
    values[(START + 56) * 24] = 1e6
    found = told(values, 8)
    assert found.days == 55 and found.unusual == ()


def test_nothing_happens_for_weeks() -> None:
    found = told({START * 24: 0.0}, 8)
    assert found.days == 56 and found.peaks == () and found.unusual == ()
    assert "No hour of the week is usually busy." in found.words


def test_many_unusual_days_are_not_all_told() -> None:
    changed = {f"d{day}": (100.0, 0.01)[day % 2] for day in range(0, 56, 3)}
    found = told({START * 24: 0.0} | made(8, lambda weekday, hour: 10.0, **changed), 8)
    assert len(found.unusual) > TOLD_DAYS and len(found.words) == TOLD_DAYS + 3
    assert found.words[-1] == f"So did {len(found.unusual) - TOLD_DAYS} days before."


@given(
    st.dictionaries(st.integers(0, 24 * 100), st.floats(0, 1e12), max_size=200),
    st.integers(0, 24 * 100),
)
def test_any_history_has_a_forecast(values: dict[int, float], hours: int) -> None:
    found = forecast(values, hours * 3600.0, "characters")
    assert found.words and len(found.profile) in (0, 168)
    assert all(0 <= each.band.low <= each.band.usual <= each.band.high for each in found.profile)
