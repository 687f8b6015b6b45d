"""LongHistory: the history in memory, and beyond it the usage that is kept in the database.

Usage knows days and hours, but neither error codes nor latencies: of these a long window tells what is in memory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

from stts.analytics.history import OTHER, History, Tally
from stts.analytics.record import Labels
from stts.analytics.usage import DAY, HOUR, UsageQuery, UsageStore, UsageSums
from stts.errors import InvalidParameter

Key = TypeVar("Key")

UsageOpener = Callable[[], Awaitable[UsageStore]]
"""Opens the database where that has not happened yet. Raises DatabaseAway."""
MOST_GROUPS = 10_000
"""Voices of one answer."""
MINUTE = 60


class Group(NamedTuple):
    type: str
    engine: str
    name: str
    """Name of the voice, or of the language."""


@dataclass(frozen=True, slots=True)
class Window:
    """Sums of a window by type, engine, and what was asked for."""

    groups: Mapping[Group, Tally]
    seconds: int
    """Seconds that are covered, up to now."""
    since: float
    """Unix time from which on there is a history."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Sums of a window over time."""

    tallies: Mapping[int, Tally]
    """By the number of the step; empty ones are absent."""
    count: int
    first: int
    """Unix time at which the first step begins."""
    step_seconds: int
    seconds: int
    since: float


class LongHistory:
    def __init__(self, history: History, usage: UsageOpener | None = None) -> None:
        """`usage` is None where it is not kept."""
        self.history = history
        self._usage = usage

    async def window(self, seconds: int, by: Literal["voice", "language"], listener: str | None = None) -> Window:
        """Sums of the last seconds: whole minutes, and beyond memory whole days (UTC). Raises DatabaseAway.

        `listener`: only what came by this one.
        """
        if self._usage is None or not self._is_beyond_memory(seconds):
            groups = await self._remembered(seconds, by, listener)
            return Window(groups, self.history.covered(seconds), self.history.since)
        now = self.history.now()
        first_day = max(0, int((now - seconds) // DAY))
        store = await self._usage()
        found = await store.sums(UsageQuery(first_day, listener=listener), ("kind", "engine", by), most=MOST_GROUPS)
        kept = {Group(*map(str, each.by)): _tally(each.sums) for each in found}
        remembered = await self._remembered(seconds, by, listener)
        return Window(_completed(kept, remembered), int(now - first_day * DAY), await self._since(store))

    async def _remembered(
        self, seconds: int, by: Literal["voice", "language"], listener: str | None
    ) -> dict[Group, Tally]:
        found = await self.history.group(seconds, lambda _, labels: (labels.listener, _group(labels, by)))
        groups: dict[Group, Tally] = {}
        for (name, group), tally in found.items():
            if listener is None or name == listener:
                groups.setdefault(group, Tally()).merge(tally)
        return groups

    async def steps(self, seconds: int, step_seconds: int, most: int, listener: str | None = None) -> Steps:
        """Sums over time in steps of whole minutes, beyond memory of whole hours. `listener`: as for `window`.

        Raises InvalidParameter where that are more than `most` steps, and DatabaseAway.
        """
        if self._usage is None or not self._is_beyond_memory(seconds):
            return await self._minutes(seconds, -(-step_seconds // MINUTE), most, listener)
        return await self._hours(self._usage, seconds, -(-step_seconds // HOUR), most, listener)

    async def _minutes(self, seconds: int, step: int, most: int, listener: str | None) -> Steps:
        history = self.history
        covered = history.covered(seconds)
        _bound(covered, step * MINUTE, most)
        first, last = history.first_minute(seconds), history.minute()
        tallies = await self._numbered(seconds, lambda minute: (minute - first) // step, listener)
        count = (last - first) // step + 1
        return Steps(tallies, count, first * MINUTE, step * MINUTE, covered, history.since)

    async def _hours(self, usage: UsageOpener, seconds: int, step: int, most: int, listener: str | None) -> Steps:
        _bound(seconds, step * HOUR, most)
        now = self.history.now()
        first, last = max(0, int((now - seconds) // HOUR)), int(now // HOUR)
        store = await usage()
        hours = await store.hours(first, step=step, listener=listener)
        kept = {number: _tally(sums) for number, sums in hours.items()}
        remembered = await self._numbered(seconds, lambda minute: (minute * MINUTE // HOUR - first) // step, listener)
        tallies, count = _completed(kept, remembered), (last - first) // step + 1
        return Steps(tallies, count, first * HOUR, step * HOUR, int(now - first * HOUR), await self._since(store))

    async def _numbered(self, seconds: int, number: Callable[[int], int], listener: str | None) -> dict[int, Tally]:
        """Sums that are in memory, by the number of each minute's step."""
        found = await self.history.group(seconds, lambda minute, labels: (number(minute), labels.listener))
        tallies: dict[int, Tally] = {}
        for (step, name), tally in found.items():
            if listener is None or name == listener:
                tallies.setdefault(step, Tally()).merge(tally)
        return tallies

    def _is_beyond_memory(self, seconds: int) -> bool:
        """True for windows of days whose beginning memory does not reach."""
        history = self.history
        oldest = max(history.since, history.now() - history.minutes * MINUTE)
        return seconds >= DAY and history.now() - seconds < oldest

    async def _since(self, store: UsageStore) -> float:
        first = await store.first_day()
        return self.history.since if first is None else min(self.history.since, float(first * DAY))


def _bound(seconds: int, step_seconds: int, most: int) -> None:
    if seconds > step_seconds * most:
        raise InvalidParameter(f"That would be more than {most} points; use a longer step.", param="step")


def _completed(kept: dict[Key, Tally], remembered: Mapping[Key, Tally]) -> dict[Key, Tally]:
    """Kept sums with the error codes and latencies that memory knows; other errors count as `other`."""
    for key, known in remembered.items():
        tally = kept.setdefault(key, Tally())
        more = sum(tally.errors.values()) - sum(known.errors.values())
        # Memory may be ahead of what is written.
        if more >= 0:
            tally.errors = dict(known.errors)
        if more > 0:
            tally.errors[OTHER] = tally.errors.get(OTHER, 0) + more
        tally.merge_times(known)
    return kept


def _group(labels: Labels, by: Literal["voice", "language"]) -> Group:
    return Group(labels.type, labels.engine, labels.voice if by == "voice" else labels.language)


def _tally(sums: UsageSums) -> Tally:
    return Tally(
        operations=sums.operations,
        completed=sums.operations - sums.errors - sums.cancelled,
        cancelled=sums.cancelled,
        errors={OTHER: sums.errors} if sums.errors else {},
        audio_seconds=sums.seconds_in + sums.seconds_out,
        characters=sums.characters,
        bytes=sums.bytes,
    )
