"""Allowances: how much of a unit a subject may use in a day or a month, and the store that counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from stts.errors import TooManyRequests


class Unit(StrEnum):
    CHARACTERS = "characters"
    HEARD = "audio_seconds_in"
    SPOKEN = "audio_seconds_out"

    @property
    def words(self) -> str:
        return {"characters": "characters", "audio_seconds_in": "seconds heard"}.get(self, "seconds spoken")


class Period(StrEnum):
    DAY = "day"
    MONTH = "month"


class Allowance(NamedTuple):
    """The most of a unit that a subject may use in one period."""

    subject: str
    """`key:ID`, `user:ID` or `address:NETWORK`."""
    unit: Unit
    period: Period
    most: float


class Counter(NamedTuple):
    """One counter of the store: an allowance in one of its windows."""

    subject: str
    unit: str
    window: str
    """`2026-11-29` or `2026-11`, in UTC."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer of the store: how much was granted, and how much is used with it."""

    granted: float
    used: float


class Standing(NamedTuple):
    """How an allowance stands now."""

    allowance: Allowance
    left: float
    reset_seconds: float
    """Until its window ends."""


class QuotaStore(Protocol):
    """Raises DatabaseAway from every method."""

    async def claim(self, counter: Counter, at_least: float, at_most: float, most: float) -> Claim:
        """Counts between `at_least` and `at_most` as used where that keeps within `most`; else nothing."""
        ...

    async def used(self, counters: Sequence[Counter]) -> Mapping[Counter, float]:
        """The amounts used of those that were ever counted."""
        ...

    async def largest(self, prefix: str, unit: str, window: str, most: int) -> Mapping[str, float]:
        """The largest amounts of a unit in a window, of the subjects whose names begin so."""
        ...

    async def sums(self, subjects: Sequence[str], windows: Sequence[str]) -> Mapping[Counter, float]:
        """All amounts of these subjects in these windows."""
        ...

    async def remove_before(self, window: str) -> int:
        """Forgets windows that ended before a day, `2026-09-30`, and tells how many."""
        ...

    async def add(self, amounts: Sequence[tuple[Counter, float]]) -> None:
        """Counts amounts beyond any limit; negative ones are given back."""
        ...


class QuotaExceeded(TooManyRequests):
    code, title = "quota_exceeded", "Quota exceeded"
