"""Users and their keys, as values, and the stores that keep them.

Times are seconds since 1970. A key is changed by making a new value of it: a store takes the change only where nobody
else has changed it meanwhile (`version`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from stts.access.key_text import is_same
from stts.access.roles import Role
from stts.errors import Conflict


class PriorityClass(StrEnum):
    """How urgent the work of a key is where engines are busy."""

    INTERACTIVE = "interactive"
    NORMAL = "normal"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """Limits of one key; None: no limit of its own. A day and a month are those of UTC."""

    requests_per_minute: int | None = None
    characters_per_day: int | None = None
    characters_per_month: int | None = None
    audio_seconds_in_per_day: int | None = None
    audio_seconds_in_per_month: int | None = None
    audio_seconds_out_per_day: int | None = None
    audio_seconds_out_per_month: int | None = None
    concurrent: int | None = None
    """Operations at once."""
    sessions: int | None = None
    """Live sessions at once."""


NO_LIMITS = KeyLimits()


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    created_at: float
    deleted_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """One key without its secret."""

    id: str
    user_id: str
    name: str
    role: Role
    secret_hash: bytes = field(repr=False)
    created_at: float
    priority: PriorityClass = PriorityClass.NORMAL
    previous_hash: bytes | None = field(default=None, repr=False)
    """The hash before the last rotation, which goes on working until `previous_until`."""
    previous_until: float | None = None
    expires_at: float | None = None
    revoked_at: float | None = None
    last_used_at: float | None = None
    """Written at most once a minute."""
    allowed_addresses: tuple[str, ...] = ()
    """Networks (`10.0.0.0/8`, `::1`) that it works from; empty: all."""
    allowed_engines: tuple[str, ...] = ()
    """Engine instances that it may use; empty: all."""
    allowed_voices: tuple[str, ...] = ()
    cache: bool = True
    """False: its speech is neither answered from the cache nor kept there."""
    limits: KeyLimits = NO_LIMITS
    subjects: KeyLimits | None = None
    """Limits of each subject that it names; None: it may name none."""
    subject_limits: tuple[tuple[str, KeyLimits], ...] = ()
    """Subjects with limits of their own, which hold in place of those of each."""
    version: int = 1
    """Counts changes by people; the last use is none."""

    def limits_of(self, subject: str) -> KeyLimits | None:
        """The limits of a subject; None where it may name none."""
        own = next((limits for name, limits in self.subject_limits if name == subject), None)
        return self.subjects if own is None or self.subjects is None else own

    def is_alive(self, now: float) -> bool:
        """True if it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def opens_with(self, secret_hash: bytes, now: float) -> bool:
        """True if it is alive and this is its secret, or the one before while that overlaps."""
        current = is_same(self.secret_hash, secret_hash)
        previous = is_same(self.previous_hash, secret_hash)
        overlaps = previous and self.previous_until is not None and now < self.previous_until
        return (current or overlaps) and self.is_alive(now)


class KeyChanged(Conflict):
    """Somebody else has changed the key meanwhile; `newer` is how it stands now."""

    code, title = "key_changed", "Key changed meanwhile"

    def __init__(self, newer: AccessKey) -> None:
        super().__init__(f"The key was changed meanwhile: it is at version {newer.version} now.", param="version")
        self.newer = newer


@dataclass(frozen=True, slots=True)
class DataRemoval:
    """Every server is to remove what it keeps of a user."""

    user_id: str
    at: float
    """Unix time at which that was asked for."""


@dataclass(frozen=True, slots=True)
class KeyChanges:
    """Keys that were changed after a place among the changes, and the place that they reach."""

    revision: int
    keys: Sequence[AccessKey]
    key_id: str | None = None
    """The last key of `revision` that was read; None: all of that revision were."""
    unreadable: Sequence[str] = ()
    """Ids of keys that a newer server has written in a way that this one does not understand."""
    removals: Sequence[DataRemoval] = ()
    """Removals of users' data in the same stretch of changes; the newest of each user."""


class UserStore(Protocol):
    """Raises DatabaseAway from every method."""

    async def add(self, user: User) -> None: ...

    async def find(self, user_id: str) -> User | None: ...

    async def all(self, *, after: str = "", most: int = 100) -> list[User]:
        """By id, those behind `after`."""
        ...

    async def delete(self, user_id: str, now: float) -> list[str]:
        """Marks a user as deleted, revokes the keys and tells their ids. Raises NotFound."""
        ...

    async def remove_data(self, removal: DataRemoval) -> None:
        """Lets every server know, among the changes of keys. Raises NotFound."""
        ...


class KeyStore(Protocol):
    """Raises DatabaseAway from every method."""

    async def add(self, key: AccessKey) -> None:
        """Raises NotFound where the user does not exist or is deleted."""
        ...

    async def add_first(self, user: User, key: AccessKey) -> bool:
        """Adds both where no key works; False where another does. Of several who ask at once, one gets True.

        Who asks again with the same key, because the first answer was lost, gets True too.
        """
        ...

    async def find(self, key_id: str) -> AccessKey | None: ...

    async def all(self, *, user_id: str | None = None, after: str = "", most: int = 100) -> list[AccessKey]:
        """By id, those behind `after`."""
        ...

    async def change(self, key: AccessKey) -> AccessKey:
        """Keeps the value under the next version, and returns that. Raises NotFound, KeyChanged."""
        ...

    async def used(self, times: Mapping[str, float]) -> None:
        """Writes the last uses, by id."""
        ...

    async def changed_after(self, revision: int, key_id: str | None = None) -> KeyChanges:
        """By revision and id, a part at a time. `key_id`: goes on behind this key of the revision."""
        ...
