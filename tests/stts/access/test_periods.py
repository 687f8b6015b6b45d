"""The day and the month of a moment, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from stts.access.allowances import Period
from stts.access.periods import DAY_SECONDS, Windows


@pytest.mark.parametrize(
    "date, names, next_day, next_month, days",
    [
        ((2026, 11, 29), ["2026-11-29", "2026-11"], (2026, 11, 30), (2026, 12, 1), 30),
        ((2026, 12, 31), ["2026-12-31", "2026-12"], (2027, 1, 1), (2027, 1, 1), 31),
        ((2028, 2, 29), ["2028-02-29", "2028-02"], (2028, 3, 1), (2028, 3, 1), 29),
        ((2027, 2, 1), ["2027-02-01", "2027-02"], (2027, 2, 2), (2027, 3, 1), 28),
    ],
)
def test_windows_end_with_the_day_and_with_the_month(
    date: tuple[int, int, int],
    names: list[str],
    next_day: tuple[int, int, int],
    next_month: tuple[int, int, int],
    days: int,
) -> None:
    windows = Windows.of_day(int(datetime(*date, tzinfo=UTC).timestamp()) // DAY_SECONDS)
    assert [windows.names[period] for period in (Period.DAY, Period.MONTH)] == names
    assert windows.ends[Period.DAY] == datetime(*next_day, tzinfo=UTC).timestamp()
    assert windows.ends[Period.MONTH] == datetime(*next_month, tzinfo=UTC).timestamp()
    assert windows.lengths == {Period.DAY: 86_400, Period.MONTH: days * 86_400}
