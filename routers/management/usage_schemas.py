"""The wire shapes of usage: sums of operations by what was asked for, by periods, and the forecast."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from stts.analytics.forecast import LEAST_DAYS, Band, Forecast, HourOfWeek
from stts.analytics.usage import DAY, MEASURES, UsageColumn, UsageGroup, UsageSums

COLUMNS: Mapping[str, UsageColumn] = {
    "key": "key_id",
    "user": "user_id",
    "engine": "engine",
    "voice": "voice",
    "language": "language",
    "kind": "kind",
    "listener": "listener",
    "day": "day",
}
"""Names that a request may group by."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""

PART_ROWS = 500
"""Rows that are written between two turns of the event loop."""

Measure = Literal["operations", "characters", "seconds_in", "seconds_out"]


class Used(BaseModel):
    operations: int = Field(description="Finished operations, however they ended.")
    errors: int = Field(description="Those that failed.")
    cancelled: int = Field(description="Those whose client left; no errors.")
    characters: int = Field(description="Characters spoken, and written by replies.")
    seconds_in: float = Field(description="Seconds of audio heard.")
    seconds_out: float = Field(description="Seconds of audio spoken.")
    cache_hits: int = Field(description="Operations that were answered from what was made before.")
    bytes: int = Field(description="Bytes of encoded audio sent.")


class UsageRow(Used):
    """Sums of one combination of what was asked for; members that were not asked for are absent."""

    key: str | None = Field(None, description="Id of the key; null: no key of its own.")
    user: str | None = Field(None, description="Id of its owner; null: no key of its own.")
    engine: str | None = None
    voice: str | None = None
    language: str | None = None
    kind: str | None = Field(None, description="tts, stt, conversation.")
    listener: str | None = Field(None, description="Listener that it came by; none: the server's own.")
    day: str | None = Field(None, description="2026-11-29, in UTC.")


class UsageReport(BaseModel):
    first_day: str = Field(description="The first day that is looked at, in UTC.")
    last_day: str = Field(description="Today, in UTC.")
    rows: list[UsageRow]


class PeriodUsage(Used):
    period: str = Field(description="A day (2026-11-29) or a month (2026-11), in UTC.")


class Periods(BaseModel):
    days: list[PeriodUsage] = Field(description="Days with any use of the last 31, the oldest first.")
    months: list[PeriodUsage] = Field(description="Months with any use of the last twelve, the oldest first.")


class MyUsage(BaseModel):
    key_id: str | None = Field(description="null: the caller has no key of its own.")
    user_id: str | None
    key: Periods | None = Field(description="Use of this key.")
    user: Periods | None = Field(description="Use of all keys of its owner.")


class BandShape(BaseModel):
    usual: float = Field(description="The median.")
    low: float
    high: float

    @classmethod
    def of(cls, band: Band) -> BandShape:
        return cls(usual=round(band.usual, 3), low=round(band.low, 3), high=round(band.high, 3))


class HourShape(BandShape):
    weekday: str
    hour: int = Field(description="0..23, in UTC.")

    @classmethod
    def of_hour(cls, hour: HourOfWeek) -> HourShape:
        return cls(weekday=hour.weekday, hour=hour.hour, **BandShape.of(hour.band).model_dump())


class ComingShape(BandShape):
    start: int = Field(description="Unix time.")


class UnusualShape(BandShape):
    day: str = Field(description="2026-11-29, in UTC.")
    total: float


class ForecastShape(BaseModel):
    measure: Measure
    days: int = Field(description="Whole days of history that it rests on.")
    days_needed: int = Field(description="Whole days of history without which nothing is told.")
    words: list[str] = Field(description="All of it in sentences; also that there is too little history.")
    peaks: list[HourShape] = Field(description="The busiest hours of the week, the busiest first.")
    coming: list[ComingShape] = Field(description="The next 24 hours.")
    unusual: list[UnusualShape] = Field(description="Days outside the band of their weekday, the newest first.")
    profile: list[HourShape] = Field(description="168 hours from Monday 00:00 on; empty with too little history.")

    @classmethod
    def of(cls, measure: Measure, found: Forecast) -> ForecastShape:
        return cls(
            measure=measure,
            days=found.days,
            days_needed=LEAST_DAYS,
            words=list(found.words),
            peaks=[HourShape.of_hour(each) for each in found.peaks],
            coming=[ComingShape(start=each.start, **BandShape.of(each.band).model_dump()) for each in found.coming],
            unusual=[
                UnusualShape(day=date(each.day), total=round(each.total, 3), **BandShape.of(each.band).model_dump())
                for each in found.unusual
            ],
            profile=[HourShape.of_hour(each) for each in found.profile],
        )


def shown(names: Sequence[str], group: UsageGroup) -> dict[str, Any]:
    """The values of a group as clients read them: days as dates, nobody's key as null."""
    values = dict(zip(names, group.by, strict=True))
    return {name: date(int(value)) if name == "day" else value or None for name, value in values.items()}


def measured(sums: UsageSums) -> dict[str, Any]:
    values = {name: getattr(sums, name) for name in MEASURES}
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()}


def date(day: int) -> str:
    return f"{datetime.fromtimestamp(day * DAY, UTC):%Y-%m-%d}"


def periods(days: Iterable[tuple[int, UsageSums]], first_day: int) -> Periods:
    """Days from `first_day` on, and the months of all that is given."""
    days = list(days)
    months: dict[str, UsageSums] = {}
    for day, sums in days:
        months.setdefault(date(day)[:7], UsageSums()).merge(sums)
    return Periods(
        days=[PeriodUsage(period=date(day), **measured(sums)) for day, sums in days if day >= first_day],
        months=[PeriodUsage(period=month, **measured(sums)) for month, sums in sorted(months.items())],
    )


def as_json(first_day: int, last_day: int, names: Sequence[str], groups: Sequence[UsageGroup]) -> Iterator[str]:
    """A UsageReport in parts: as models, many rows would stop the server for seconds."""
    yield f'{{"first_day":"{date(first_day)}","last_day":"{date(last_day)}","rows":['
    for start in range(0, len(groups), PART_ROWS):
        part = groups[start : start + PART_ROWS]
        rows = ",".join(json.dumps({**shown(names, each), **measured(each.sums)}) for each in part)
        yield rows if start == 0 else f",{rows}"
    yield "]}"


def as_csv(names: Sequence[str], groups: Sequence[UsageGroup]) -> Iterator[str]:
    """A table with a heading, in parts, which spreadsheets take for text and numbers, never for formulas."""
    yield _csv([[*names, *MEASURES]])
    for start in range(0, len(groups), PART_ROWS):
        yield _csv(_cells(names, each) for each in groups[start : start + PART_ROWS])


def _cells(names: Sequence[str], group: UsageGroup) -> list[Any]:
    cells = shown(names, group)
    return [*(_safe(cells[name]) for name in names), *measured(group.sums).values()]


def _csv(rows: Iterable[list[Any]]) -> str:
    table = io.StringIO()
    csv.writer(table).writerows(rows)
    return table.getvalue()


def _safe(text: str | None) -> str:
    return f"'{text}" if text is not None and text.startswith(FORMULA) else text or ""
