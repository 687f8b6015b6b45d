"""A store of audit entries in memory, which may be away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from stts.access.audit import ALL, START, AuditEntry, AuditEvent, AuditFilter, ChainEnds, Link
from stts.errors import DatabaseAway


@dataclass
class MemoryAudit:
    """An AuditStore without a database."""

    entries: list[AuditEntry] = field(default_factory=list)
    removed: Link = START
    is_away: bool = False
    loses_answers: bool = False
    """Writes, and fails before it says so."""
    on_append: Callable[[], None] = lambda: None
    opened_times: int = 0

    async def opened(self) -> MemoryAudit:
        self.opened_times += 1
        if self.is_away:
            raise DatabaseAway("The database does not answer.")
        return self

    async def append(self, events: Iterable[AuditEvent]) -> None:
        known = {each.id for each in self.entries}
        for event in events:
            if event.id not in known:
                before = self.entries[-1].link if self.entries else self.removed
                self.entries.append(AuditEntry.following(before, event))
        self.on_append()
        if self.loses_answers:
            raise DatabaseAway("The database does not answer.")

    async def newest(self, wanted: AuditFilter = ALL, *, before: int | None = None, most: int) -> list[AuditEntry]:
        return [each for each in reversed(self.entries) if before is None or each.sequence < before][:most]

    async def oldest(self, wanted: AuditFilter = ALL, *, after: int = 0, most: int) -> list[AuditEntry]:
        return [each for each in self.entries if each.sequence > after][:most]

    async def ends(self) -> ChainEnds:
        return ChainEnds(self.removed, self.entries[-1].link if self.entries else self.removed)

    async def remove_before(self, at: float) -> Link | None:
        if not self.entries or self.entries[0].at >= at:
            return None
        self.removed = self.entries.pop(0).link
        return self.removed
