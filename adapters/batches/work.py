"""Work on one batch while this server holds it: several items at once, their ends written together now and then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from adapters.batches.end_writing import write_ends
from adapters.batches.items import WaitingItems
from adapters.batches.places import ItemPlaces, Place
from stts.access.allowances import QuotaExceeded
from stts.errors import (
    DatabaseAway,
    Forbidden,
    ShuttingDown,
    StorageFull,
    STTSError,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from stts.jobs.pace import Pace
from stts.jobs.store import BatchWork, FoundResult, Lease, LeaseLost
from stts.jobs.values import Batch, BatchItem, ItemEnd, ItemResult, Reason
from stts.settings import CurrentSettings
from stts.tracebacks import describe

RECORD_SECONDS = 0.5
"""Between two writes of how items ended."""
BEING_WRITTEN = 12
"""Items whose results become files while engines work on others."""
MOST_UNWRITTEN = 256
"""Ends that wait to be written; beyond, no item begins."""
LOOK_SECONDS = 0.05
"""Longest time between two looks whether a batch still goes on, while it waits to try an item again."""
FULL_SECONDS = 60.0
"""A batch that rests because a disk is full, or a quota is used up, is tried again after so long, or longer."""
MOST_REST_SECONDS = 600.0

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that the works of the batches of a server share."""

    work: Callable[[], Awaitable[BatchWork]]
    carry_out: Callable[[Batch, BatchItem, FoundResult | None, Callable[[], None]], Awaitable[ItemResult]]
    settings: CurrentSettings
    places: ItemPlaces
    lease: Callable[[], Lease]
    """A new one from now on."""
    sync: Callable[[Batch, Sequence[ItemEnd]], Awaitable[None]]
    """Lets results survive a power cut, before they are known as done."""
    forget: Callable[[Batch, Sequence[ItemEnd]], Awaitable[None]]
    """Removes what those that are done need no longer."""
    on_change: Callable[[], None]


class BatchAtWork:
    """`run()` once, until the batch has ended, rests, or belongs to another server."""

    def __init__(self, batch: Batch, items: WaitingItems, around: Surroundings) -> None:
        self._batch = batch
        self._items = items
        self._around = around
        self._ends: list[ItemEnd] = []
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._pace = Pace(batch.pace)
        self._recorded_at = self._renewed_at = time.monotonic()
        self._rest: tuple[Reason, float | None] | None = None
        self._is_stopping = self._gives_way = False
        self._has_ended = False
        self._backoff = 0.0
        self._resumed_at = 0.0

    async def run(self) -> None:
        """Raises LeaseLost."""
        count = self._around.settings().jobs.at_once + BEING_WRITTEN
        workers = [asyncio.create_task(self._do_items()) for _ in range(count)]
        try:
            pending = set(workers)
            while pending:
                _, pending = await asyncio.wait(pending, timeout=RECORD_SECONDS)
                await self._record(pending)
            for worker in workers:
                worker.result()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)
            # Whoever stops the server, or the batch, keeps what is done.
            if self._ends:
                with suppress(DatabaseAway, LeaseLost):
                    await self._record(set())
        await self._give_back()
        self._around.on_change()

    async def _give_back(self) -> None:
        work, holder = await self._around.work(), self._around.lease().holder
        if self._rest is not None:
            await work.rest(self._batch.id, holder, *self._rest, now=time.time())
        elif self._gives_way and not self._has_ended:
            await work.give_way(self._batch.id, holder, now=time.time())

    def give_way(self) -> None:
        """Ends the work when the items that are at work have ended; others go first then."""
        self._is_stopping = self._gives_way = True

    @property
    def _goes_on(self) -> bool:
        return self._rest is None and not self._is_stopping

    async def _do_items(self) -> None:
        while self._goes_on and (item := await self._items.take()) is not None:
            await self._has_room.wait()
            await self._wait_to_resume()
            async with self._around.places.place(self._batch.owner, lambda: self._goes_on) as place:
                end = await self._end_of(item, place) if place is not None and self._goes_on else None
            if end is None:
                await self._items.put_back(item)
            else:
                self._ends.append(end)
                if len(self._ends) >= MOST_UNWRITTEN:
                    self._has_room.clear()
                await self._items.finish(item, end.result)

    async def _wait_to_resume(self) -> None:
        """Not in a place, which others could have meanwhile."""
        while True:
            seconds = self._resumed_at - time.monotonic()
            if seconds <= 0 or not self._goes_on:
                return
            await asyncio.sleep(min(seconds, LOOK_SECONDS))

    async def _end_of(self, item: BatchItem, place: Place) -> ItemEnd | None:
        """How an item has ended; None: it has not, and is tried again, now or when the batch has rested."""
        try:
            found = self._items.found.get(item.digest)
            result = await self._around.carry_out(self._batch, item, found, place.leave)
        except STTSError as error:
            return await self._after(error, item)
        except Exception as error:  # noqa: BLE001 - whatever an item raises, the others go on, and the log tells why
            log.error("job_item_failed", job=self._batch.id, traceback=describe(error, with_messages=False))
            return ItemEnd(item, error=Reason(STTSError.code, "It failed for a reason that the log tells."))
        self._backoff = 0.0
        return ItemEnd(item, result)

    async def _after(self, error: STTSError, item: BatchItem) -> ItemEnd | None:
        reason = Reason(error.code, error.message)
        if isinstance(error, QuotaExceeded | StorageFull | Unauthorized | Forbidden) and not _is_about(error):
            self._rest = reason, _resume_at(error)
        elif isinstance(error, ShuttingDown):
            self._is_stopping = True
        elif error.retryable or isinstance(error, TooManyRequests):
            self._backoff = min(60.0, max(error.retry_after or 1.0, self._backoff * 2))
            self._resumed_at = time.monotonic() + self._backoff
            if not isinstance(error, Unavailable | TooManyRequests) and not self._items.may_retry(item):
                return ItemEnd(item, error=reason)
        else:
            return ItemEnd(item, error=reason)
        return None

    async def _record(self, pending: set[asyncio.Task[None]]) -> None:
        """Writes what has ended, or renews the lease in time; with nobody at work any more in any case."""
        now = time.monotonic()
        is_due = now - self._renewed_at > self._around.settings().jobs.lease_seconds / 3
        if self._has_ended or (not self._ends and pending and not is_due):
            return
        ends, self._ends = self._ends, []
        self._pace.add(sum(end.item.size for end in ends), now - self._recorded_at, len(ends))
        self._recorded_at = now
        try:
            await self._around.sync(self._batch, ends)
            await write_ends(self._write, self._batch.id, ends)
        except StorageFull as error:
            # They wait, for all that others know.
            self._rest = Reason(error.code, error.message), _resume_at(error)
            self._has_room.set()
            return
        except DatabaseAway:
            self._ends = ends + self._ends
            if not pending:
                raise
            return
        except asyncio.CancelledError:
            self._ends = ends + self._ends
            raise
        self._renewed_at = now
        self._has_room.set()
        self._around.on_change()

    async def _write(self, ends: list[ItemEnd]) -> None:
        settings = self._around.settings()
        keeps = settings.privacy.keeps_texts or bool(self._batch.options.get("keeps_texts"))
        work = await self._around.work()
        batch = await work.record(
            self._batch.id, self._around.lease(), ends, now=time.time(), pace=self._pace.per_second, keeps_texts=keeps
        )
        self._has_ended = batch.state != "running"
        await self._around.forget(self._batch, ends)


def _is_about(error: STTSError) -> bool:
    """True if a key may not use the voice or engine of this item: others of the batch may be allowed."""
    return isinstance(error, Forbidden) and error.param is not None


def _resume_at(error: STTSError) -> float | None:
    """When the server tries again by itself; a key that opens nothing any more does so when people say."""
    if isinstance(error, Unauthorized | Forbidden):
        return None
    return time.time() + min(MOST_REST_SECONDS, max(FULL_SECONDS, error.retry_after or 0.0))
