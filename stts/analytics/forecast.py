"""Forecast: what hours of the week usually bring, when it is busiest, and which days were out of the usual. Pure.

Usual is the median; the band around it comes from the median absolute deviation, so that a single wild day widens
nothing. All times are UTC.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from stts.analytics.usage import DAY

WEEK_HOURS = 168
LEAST_DAYS = 28
"""Whole days of history without which nothing is told: each hour of the week was seen four times then."""
PEAKS = 5
"""Hours of the week that are named as the busiest."""
COMING_HOURS = 24
DEVIATIONS = 4.0
"""Half of the band, in standard deviations as a dozen values let them be estimated: with 3, a steady history had two
unusual days in twelve weeks."""
NORMAL = 1.4826
"""Standard deviations in one median absolute deviation of normally distributed values."""
LEAST_SHARE = 0.25
"""Half of the band, at least, as a part of the average of usual values: small numbers are never out of the usual."""
TOLD_DAYS = 10
"""Days that are told in words, the newest."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIRST_WEEKDAY = 3
"""1970 began on a Thursday."""


@dataclass(frozen=True, slots=True)
class Band:
    usual: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class HourOfWeek:
    weekday: str
    hour: int
    """0..23."""
    band: Band

    def __str__(self) -> str:
        return f"{self.weekday}s {self.hour:02}:00 to {(self.hour + 1) % 24:02}:00"


@dataclass(frozen=True, slots=True)
class ComingHour:
    start: int
    """Unix time."""
    band: Band


@dataclass(frozen=True, slots=True)
class UnusualDay:
    day: int
    """Days since 1970."""
    total: float
    band: Band
    """The band of the other days of this weekday."""


@dataclass(frozen=True, slots=True)
class Forecast:
    days: int
    """Whole days of history that are looked at."""
    words: tuple[str, ...]
    """All of it in sentences."""
    profile: tuple[HourOfWeek, ...] = ()
    """168 hours, from Monday 00:00 on; empty where there is too little history."""
    peaks: tuple[HourOfWeek, ...] = ()
    """The busiest, the busiest first."""
    coming: tuple[ComingHour, ...] = ()
    """The next 24 hours."""
    unusual: tuple[UnusualDay, ...] = ()
    """Days outside the band, the newest first."""


def forecast(values: Mapping[int, float], now: float, unit: str) -> Forecast:
    """A forecast from the values of hours, by their number since 1970; hours after the first without a value are 0.

    `now` is Unix time: the hour and the day that run are not looked at. `unit` names what is counted.
    """
    hour = int(now // 3600)
    first = min(values, default=hour)
    days = range(-(-first // 24), hour // 24)
    if len(days) < LEAST_DAYS:
        return Forecast(len(days), (_too_little(len(days)),))
    profile = _profile(values, first, hour)
    peaks = tuple(sorted((each for each in profile if each.band.usual > 0), key=lambda each: -each.band.usual)[:PEAKS])
    coming = tuple(
        ComingHour(each * 3600, profile[_hour_of_week(each)].band) for each in range(hour + 1, hour + 1 + COMING_HOURS)
    )
    unusual = _unusual({day: sum(values.get(day * 24 + each, 0.0) for each in range(24)) for day in days})
    return Forecast(len(days), _told(len(days), peaks, unusual, unit), profile, peaks, coming, unusual)


def _profile(values: Mapping[int, float], first: int, end: int) -> tuple[HourOfWeek, ...]:
    seen: list[list[float]] = [[] for _ in range(WEEK_HOURS)]
    for hour in range(first, end):
        seen[_hour_of_week(hour)].append(values.get(hour, 0.0))
    average = statistics.fmean(map(statistics.median, seen))
    return tuple(
        HourOfWeek(WEEKDAYS[number // 24], number % 24, _band(each, average)) for number, each in enumerate(seen)
    )


def _unusual(totals: Mapping[int, float]) -> tuple[UnusualDay, ...]:
    """Days outside the band of the other days of their weekday: a day does not excuse itself."""
    weekdays = [[total for day, total in totals.items() if day % 7 == number] for number in range(7)]
    average = statistics.fmean(map(statistics.median, weekdays))
    found = []
    for day, total in totals.items():
        others = [other for number, other in totals.items() if number != day and (number - day) % 7 == 0]
        band = _band(others, average)
        if not band.holds(total):
            found.append(UnusualDay(day, total, band))
    return tuple(reversed(found))


def _band(values: Sequence[float], average: float) -> Band:
    usual = statistics.median(values)
    deviation = NORMAL * statistics.median(abs(value - usual) for value in values)
    half = max(DEVIATIONS * deviation, LEAST_SHARE * average)
    return Band(usual, max(0.0, usual - half), usual + half)


def _hour_of_week(hour: int) -> int:
    return (hour + FIRST_WEEKDAY * 24) % WEEK_HOURS


def _told(days: int, peaks: Sequence[HourOfWeek], unusual: Sequence[UnusualDay], unit: str) -> tuple[str, ...]:
    words = [f"From {days} whole days of history; all times are UTC."]
    if peaks:
        named = ", ".join(f"{each} (about {_number(each.band.usual)})" for each in peaks)
        words.append(f"The busiest hours, in {unit}: {named}.")
    else:
        words.append("No hour of the week is usually busy.")
    if not unusual:
        words.append("No day fell outside the usual.")
    words += [_day_told(each, unit) for each in unusual[:TOLD_DAYS]]
    if len(unusual) > TOLD_DAYS:
        words.append(f"So did {len(unusual) - TOLD_DAYS} days before.")
    return tuple(words)


def _day_told(day: UnusualDay, unit: str) -> str:
    date = datetime.fromtimestamp(day.day * DAY, UTC)
    side = "more" if day.total > day.band.high else "less"
    band = f"{_number(day.band.low)} to {_number(day.band.high)}"
    return (
        f"{WEEKDAYS[date.weekday()]} {date:%Y-%m-%d} brought {side} than usual: {_number(day.total)} {unit}, "
        f"where other {WEEKDAYS[date.weekday()]}s bring about {_number(day.band.usual)} ({band})."
    )


def _too_little(days: int) -> str:
    return f"There is too little history for a forecast: {days} whole days are known, {LEAST_DAYS} are needed."


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.3g}"
