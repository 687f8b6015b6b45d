"""Records of operations and a store of usage in memory, which may be away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stts.analytics.record import Labels, OperationRecord
from stts.analytics.usage import HourKey, UsageBatch, UsageColumn, UsageGroup, UsageKey, UsageQuery, UsageSums
from stts.errors import DatabaseAway

LABELS = Labels("tts", "tone", "low", "en", "wav")
RECORD = OperationRecord(LABELS, "completed", audio_seconds=2.5, characters=9, bytes=8, key_id="laptop", user_id="anna")


def record(name: str | None = "laptop", **values: Any) -> OperationRecord:
    """One of this key; `type`, `engine`, `voice` and `language` are those of its labels."""
    labels = {each: values.pop(each) for each in LABELS._fields if each in values}
    return replace(RECORD, key_id=name, labels=LABELS._replace(**labels), **values)


async def until(happened: Callable[[], bool]) -> None:
    """Lets the other tasks work until it has happened; the caller bounds it."""
    while not happened():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0)


@dataclass
class MemoryUsage:
    """A UsageStore without a database, as far as writers need it."""

    rows: dict[UsageKey, UsageSums] = field(default_factory=dict)
    hour_rows: dict[HourKey, UsageSums] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    batches: int = 0
    removed: list[int] = field(default_factory=list)
    is_away: bool = False
    opened: int = 0
    loses_answers: int = 0
    """So many batches are taken, and their writer never learns of it."""
    on_add: Callable[[], None] = lambda: None
    """Called while a batch is added."""

    async def open(self) -> MemoryUsage:
        self.opened += 1
        if self.is_away:
            raise DatabaseAway("The database does not answer.")
        return self

    async def add(self, batch: UsageBatch) -> None:
        self.on_add()
        if self.is_away:
            raise DatabaseAway("The database does not answer.")
        if batch.number > self.numbers.get(batch.writer, 0):
            self.numbers[batch.writer] = batch.number
            self.batches += 1
            for key, sums in batch.rows.items():
                self.rows.setdefault(key, UsageSums()).merge(sums)
            for hour, sums in batch.hours.items():
                self.hour_rows.setdefault(hour, UsageSums()).merge(sums)
        if self.loses_answers:
            self.loses_answers -= 1
            raise DatabaseAway("The connection was cut.")

    async def sums(self, query: UsageQuery, columns: Sequence[UsageColumn], *, most: int) -> list[UsageGroup]:
        groups: dict[tuple[int | str, ...], UsageSums] = {}
        for key, sums in self.rows.items():
            if key.day >= query.first_day:
                groups.setdefault(tuple(getattr(key, name) for name in columns), UsageSums()).merge(sums)
        return [UsageGroup(by, groups[by]) for by in sorted(groups, key=str)][:most]

    async def hours(
        self, first_hour: int, *, step: int = 1, kind: str | None = None, listener: str | None = None
    ) -> dict[int, UsageSums]:
        found: dict[int, UsageSums] = {}
        for key, sums in self.hour_rows.items():
            if key.hour >= first_hour and kind in (None, key.kind) and listener in (None, key.listener):
                found.setdefault((key.hour - first_hour) // step, UsageSums()).merge(sums)
        return found

    async def first_day(self) -> int | None:
        return min((key.day for key in self.rows), default=None)

    async def forget(self, user_id: str) -> int:
        mine = [key for key in self.rows if key.user_id == user_id]
        for key in mine:
            sums = self.rows.pop(key)
            self.rows.setdefault(key.nameless, UsageSums()).merge(sums)
        return len(mine)

    async def remove_before(self, day: int) -> None:
        self.removed.append(day)

    @property
    def operations(self) -> int:
        return sum(sums.operations for sums in self.rows.values())
