"""A store of keys in memory, which may be away, and clocks that stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from stts.access.key_text import KeyText
from stts.access.keys import AccessKey, KeyChanges, User
from stts.access.roles import Role
from stts.errors import DatabaseAway


def new_key(text: KeyText, **values: object) -> AccessKey:
    made = AccessKey(id=text.id, user_id="anna", name="key", role=Role.WRITE, secret_hash=text.hash, created_at=0.0)
    return replace(made, **values)  # type: ignore[arg-type]


@dataclass
class MemoryKeys:
    """A KeyStore without a database."""

    kept: dict[str, AccessKey] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    is_away: bool = False
    lookups: int = 0
    uses: dict[str, float] = field(default_factory=dict)

    async def opened(self) -> MemoryKeys:
        if self.is_away:
            raise DatabaseAway("The database does not answer.")
        return self

    def put(self, key: AccessKey) -> None:
        self.kept[key.id] = key
        self.changes.append(key.id)

    def make_unreadable(self, key_id: str) -> None:
        del self.kept[key_id]
        self.changes.append(key_id)

    async def find(self, key_id: str) -> AccessKey | None:
        self.lookups += 1
        return self.kept.get(key_id)

    async def changed_after(self, revision: int, key_id: str | None = None) -> KeyChanges:
        changed = dict.fromkeys(self.changes[revision:])
        readable = [self.kept[each] for each in changed if each in self.kept]
        return KeyChanges(len(self.changes), readable, None, [each for each in changed if each not in self.kept])

    async def used(self, times: Mapping[str, float]) -> None:
        self.uses |= times

    async def add(self, key: AccessKey) -> None:
        self.put(key)

    async def add_first(self, user: User, key: AccessKey) -> bool:
        if self.kept:
            return key.id in self.kept
        self.put(key)
        return True

    async def all(self, *, user_id: str | None = None, after: str = "", most: int = 100) -> list[AccessKey]:
        return sorted(self.kept.values(), key=lambda key: key.id)

    async def change(self, key: AccessKey) -> AccessKey:
        self.put(replace(key, version=key.version + 1))
        return self.kept[key.id]


class Clock:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
