"""Usage: who used what, in sums of days and hours (UTC), as values, and the store that keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from stts.analytics.record import NONE, OperationRecord

DAY, HOUR = 86_400, 3600
"""Seconds."""
NO_KEY = ""
"""In place of the id of a key and of its owner, for callers without a key of their own."""
OTHER = "other"
"""Stands for names that are not told apart any more."""

UsageColumn = Literal["day", "key_id", "user_id", "engine", "voice", "language", "kind", "listener"]
"""A member of UsageKey."""


class UsageKey(NamedTuple):
    """The sums of one row belong to this. A key has one owner."""

    day: int
    """Days since 1970."""
    key_id: str
    user_id: str
    engine: str
    voice: str
    language: str
    kind: str
    """tts, stt, conversation."""
    listener: str = NONE
    """Name of the listener that it came by; `none`: the server did it by itself, or it is older than this."""

    @property
    def nameless(self) -> UsageKey:
        """The row in which this one goes on when its user is forgotten."""
        return self._replace(key_id=OTHER, user_id=OTHER, voice=OTHER, language=OTHER)


class HourKey(NamedTuple):
    hour: int
    """Hours since 1970."""
    kind: str
    listener: str = NONE
    """As in UsageKey."""


@dataclass(slots=True)
class UsageSums:
    """Sums over operations."""

    operations: int = 0
    errors: int = 0
    cancelled: int = 0
    characters: int = 0
    seconds_in: float = 0.0
    """Seconds of audio heard."""
    seconds_out: float = 0.0
    """Seconds of audio spoken."""
    cache_hits: int = 0
    """Operations whose answer was kept from before, or was being made for another already."""
    bytes: int = 0
    """Bytes of encoded audio sent."""

    def add(self, record: OperationRecord) -> None:
        self.operations += 1
        self.errors += record.status == "error"
        self.cancelled += record.status == "cancelled"
        self.characters += record.characters
        self.seconds_in += record.seconds_in
        self.seconds_out += record.seconds_out
        self.cache_hits += record.cache in ("HIT", "JOIN")
        self.bytes += record.bytes

    def merge(self, other: UsageSums) -> None:
        for name in MEASURES:
            setattr(self, name, getattr(self, name) + getattr(other, name))


MEASURES: Sequence[str] = tuple(UsageSums.__slots__)
"""Names of all sums."""


@dataclass(frozen=True, slots=True)
class UsageBatch:
    """Sums that are written in one transaction, once: a store knows by its number that it has it already."""

    writer: str
    """Id of whoever numbers it."""
    number: int
    """Grows with each batch of a writer."""
    rows: Mapping[UsageKey, UsageSums]
    hours: Mapping[HourKey, UsageSums]


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """The rows whose sums are wanted."""

    first_day: int
    """The oldest day, in days since 1970."""
    last_day: int | None = None
    """The newest day; None: there is no end."""
    key_id: str | None = None
    user_id: str | None = None
    listener: str | None = None


@dataclass(frozen=True, slots=True)
class UsageGroup:
    """Sums of one combination of the columns that were asked for, in their order."""

    by: tuple[int | str, ...]
    sums: UsageSums


class UsageStore(Protocol):
    """Keeps usage. Every method raises DatabaseAway."""

    async def add(self, batch: UsageBatch) -> None:
        """Adds to what is there; a batch that was added before changes nothing. Rows of users who were deleted are
        added to those of nobody."""
        ...

    async def sums(self, query: UsageQuery, columns: Sequence[UsageColumn], *, most: int) -> list[UsageGroup]:
        """Sums by columns, in their order; at most so many."""
        ...

    async def hours(
        self, first_hour: int, *, step: int = 1, kind: str | None = None, listener: str | None = None
    ) -> dict[int, UsageSums]:
        """Sums of steps of so many hours from `first_hour` on, by the number of the step; empty ones are absent.

        `listener`: of what came by this one, since servers tell that by the hour.
        """
        ...

    async def first_day(self) -> int | None:
        """The oldest day that is kept, in days since 1970."""
        ...

    async def forget(self, user_id: str) -> int:
        """Adds the rows of a user to those of nobody, without key, voice and language, and counts them."""
        ...

    async def remove_before(self, day: int) -> None:
        """Removes older days."""
        ...
