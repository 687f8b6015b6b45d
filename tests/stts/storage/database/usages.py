"""Rows of usage for tests of the database."""

from __future__ import annotations

from itertools import count

from stts.analytics.usage import HourKey, UsageBatch, UsageKey, UsageQuery, UsageSums
from stts.storage.database.usage import Usage

DAY_ONE = 20_000
numbers = count(1)


def sums(operations: int = 1) -> UsageSums:
    return UsageSums(operations, 1, 2, 3, 0.5, 1.25, 0, 2**40)


def key(day: int = DAY_ONE, key_id: str = "laptop", **names: str) -> UsageKey:
    values = {"user_id": "anna", "engine": "tone", "voice": "low", "language": "en", "kind": "tts", **names}
    return UsageKey(day, key_id, **values)


def batch(rows: dict[UsageKey, UsageSums], writer: str = "one", number: int | None = None) -> UsageBatch:
    hours: dict[HourKey, UsageSums] = {}
    for each, added in rows.items():
        hours.setdefault(HourKey(each.day * 24 + 5, each.kind), UsageSums()).merge(added)
    return UsageBatch(writer, number or next(numbers), rows, hours)


async def total(usage: Usage, first_day: int = 0) -> int:
    groups = await usage.sums(UsageQuery(first_day), (), most=10)
    return sum(each.sums.operations for each in groups)
