"""BatchStore: keeps batches and their items, for all servers of one database.

A server works on a batch while it has its lease: it names itself as the holder, and nobody else takes the batch before
the lease is over. Whatever a server writes of a batch is written only while it holds it, so that one which was thought
dead, and is not, changes nothing any more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from stts.jobs.transitions import BatchEvent
from stts.jobs.values import Batch, BatchItem, ItemEnd, ItemResult, ItemState, Reason


class LeaseLost(Exception):
    """Another server has the batch, or people have paused, cancelled or removed it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one server to work on what it has taken."""

    holder: str
    """The server, by an id that it made when it started."""
    until: float
    """Unix time."""


@dataclass(frozen=True, slots=True)
class Worker:
    """The caller whose rights a batch works with."""

    key_id: str | None
    caller: str
    """Name of the principal."""


@dataclass(frozen=True, slots=True)
class FoundResult:
    """A result that another batch of the same owner has."""

    batch_id: str
    result: ItemResult


class BatchStore(Protocol):
    """Raises DatabaseAway from every method."""

    async def draft(self, batch: Batch) -> None:
        """Keeps a batch that nobody sees yet."""
        ...

    async def require_place(self, key_id: str | None, *, most: int) -> None:
        """Raises TooManyRequests where a key has so many batches that have not ended, drafts included."""
        ...

    async def add(self, batch_id: str, items: Sequence[BatchItem], *, most_characters: int | None = None) -> None:
        """Adds items to a draft. Raises TooManyRequests where its key has texts of more characters then, in all of its
        batches together."""
        ...

    async def begin(self, batch_id: str, *, total: int, size: int, most: int) -> Batch:
        """Makes a draft a batch, all at once. Raises TooManyRequests where its key has so many that have not ended."""
        ...

    async def find(self, batch_id: str) -> Batch | None:
        """None also for a draft."""
        ...

    async def page(self, *, owner: str | None, every: bool, most: int, before: float | None = None) -> list[Batch]:
        """The newest first; those of an owner, or of everybody. `before`: those that began before a Unix time."""
        ...

    async def items(
        self, batch_id: str, *, after: int, most: int, state: ItemState | None = None, with_requests: bool = True
    ) -> list[BatchItem]:
        """Those behind a number, by number. `with_requests`: also their requests, which may be long."""
        ...

    async def changes(self, batch_id: str, *, after: int, to: int, most: int) -> list[BatchItem]:
        """Items that have ended in a stretch of changes, in their order, without their requests."""
        ...

    async def command(self, batch_id: str, event: BatchEvent, *, now: float, by: Worker | None = None) -> Batch:
        """Does what people ask for. `by`: whoever it works for from a `resume` or `retry` on; None: as before.

        Raises NotFound, and Conflict where that cannot happen now.
        """
        ...

    async def remove(self, batch_id: str) -> None: ...

    async def remove_all(self, owner: str, *, begun_before: float = math.inf) -> list[str]:
        """Removes all batches of a user that were begun before a Unix time, and tells their ids."""
        ...

    async def remove_old(self, *, ended_before: float, paused_before: float, drafts_before: float) -> list[str]:
        """Removes what has ended so long ago, what rests since then, and drafts that a server has left behind; tells
        their ids."""
        ...

    async def known(self, batch_ids: Sequence[str]) -> set[str]:
        """Those of these ids that exist, drafts too."""
        ...


class BatchWork(Protocol):
    """The side of the store that a server which works on batches asks. Raises DatabaseAway from every method."""

    async def claim(self, root: str, lease: Lease, *, now: float, most: int) -> list[Batch]:
        """Takes batches that nobody holds, and those that rest and are to be tried again.

        Those that have waited longest go first. A lease that ends later than the clock of any server could say counts
        for nothing.
        """
        ...

    async def waits(self, root: str, lease: Lease, *, now: float) -> bool:
        """True if `claim` would find one."""
        ...

    async def give_way(self, batch_id: str, holder: str, *, now: float) -> None:
        """Gives one back, behind all that wait. Raises LeaseLost."""
        ...

    async def renew(self, batch_id: str, lease: Lease) -> Batch:
        """Raises LeaseLost."""
        ...

    async def record(
        self, batch_id: str, lease: Lease, ends: Sequence[ItemEnd], *, now: float, pace: float | None, keeps_texts: bool
    ) -> Batch:
        """Writes how items have ended, renews the lease, and ends the batch with its last item.

        Without `keeps_texts` the requests of those that are done go. Raises LeaseLost; then nothing is written.
        """
        ...

    async def rest(self, batch_id: str, holder: str, reason: Reason, resume_at: float | None, *, now: float) -> None:
        """Pauses a batch that cannot go on, and gives it back. Raises LeaseLost."""
        ...

    async def release(self, holder: str) -> None:
        """Gives back all that a server holds."""
        ...

    async def results(self, owner: str | None, root: str, digests: Sequence[str]) -> Mapping[str, FoundResult]:
        """The newest result of each of these contents in batches of the same owner, by digest."""
        ...
