"""Statistics of the cache: what lies in which tier, and how often it was found there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from stts.cache.stored import Stored, StoredKind

TierName = Literal["memory", "disk", "redis"]
TierState = Literal["up", "resting", "off"]

AGES: tuple[tuple[str, float], ...] = (("hour", 3600.0), ("day", 86_400.0), ("week", 604_800.0))
"""Names of ages, each with the seconds below which it counts; what is older is `older`."""
OLDER = "older"


@dataclass(frozen=True, slots=True)
class Share:
    """Entries of one engine, kind and age."""

    engine: str
    kind: StoredKind
    age: str
    entries: int
    bytes: int


@dataclass(frozen=True, slots=True)
class TierStatistics:
    """One tier. What was counted is counted since the start of this server."""

    tier: TierName
    state: TierState
    limit_bytes: int | None
    """None: another program bounds it."""
    entries: int
    bytes: int
    hits: int
    failures: int
    """Reads and writes that failed, and entries that were damaged."""
    shares: tuple[Share, ...] = ()


@dataclass(slots=True)
class Counts:
    """Counted at work, by one tier."""

    hits: int = 0
    failures: int = 0


@dataclass(slots=True)
class Tally:
    """Adds up entries by engine, kind and age."""

    now: float
    entries: Counter[tuple[str, StoredKind, str]] = field(default_factory=Counter)
    bytes: Counter[tuple[str, StoredKind, str]] = field(default_factory=Counter)

    def add(self, entry: Stored, size: int) -> None:
        age = entry.age(self.now)
        group = entry.engine, entry.kind, next((name for name, most in AGES if age < most), OLDER)
        self.entries[group] += 1
        self.bytes[group] += size

    def add_all(self, entries: Iterable[tuple[Stored, int]]) -> None:
        """`entries`: each with its bytes."""
        for entry, size in entries:
            self.add(entry, size)

    @property
    def shares(self) -> tuple[Share, ...]:
        return tuple(Share(*group, count, self.bytes[group]) for group, count in sorted(self.entries.items()))
