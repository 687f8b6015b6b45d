"""The windows of quotas: the day and the month, in UTC, of a moment."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from stts.access.allowances import Period

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Windows:
    """Those of one day; each is the same until that day ends."""

    names: Mapping[Period, str]
    """`2026-11-29` and `2026-11`."""
    ends: Mapping[Period, float]
    """Seconds since 1970."""
    lengths: Mapping[Period, int]
    """Seconds."""

    @classmethod
    def of_day(cls, day: int) -> Windows:
        """`day`: counted from 1970."""
        date = datetime.fromtimestamp(day * DAY_SECONDS, UTC)
        days = calendar.monthrange(date.year, date.month)[1]
        return cls(
            {Period.DAY: date.strftime("%Y-%m-%d"), Period.MONTH: date.strftime("%Y-%m")},
            {
                Period.DAY: float((day + 1) * DAY_SECONDS),
                Period.MONTH: float((day + 1 + days - date.day) * DAY_SECONDS),
            },
            {Period.DAY: DAY_SECONDS, Period.MONTH: days * DAY_SECONDS},
        )
