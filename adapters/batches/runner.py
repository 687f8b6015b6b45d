"""Runs batches: takes those that nobody works on, and works on several at once, in turns.

It does nothing before there ever was a batch under `storage.root`, so a server without jobs opens no database for it.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from adapters.batches.carrying_out import CarryOut
from adapters.batches.items import WaitingItems
from adapters.batches.places import ItemPlaces
from adapters.batches.work import BatchAtWork, Surroundings
from stts.errors import DatabaseAway, StorageFull, STTSError
from stts.jobs.store import BatchWork, Lease, LeaseLost
from stts.jobs.values import Batch, Reason
from stts.scheduling.yielding import Yielding
from stts.settings import CurrentSettings
from stts.storage.batch_files import BatchFiles
from stts.storage.database.opening import StoreOpener
from stts.tracebacks import describe

MOST_AT_WORK = 8
"""Batches worked on at once; others wait for the end of one, or of its turn."""
TURN_SECONDS = 30.0
"""Time for which a batch is worked on before it gives way to one that waits, where so many are at work."""
LOOK_SECONDS = 2.0
"""Between two looks for batches that other servers have given up, or that have rested long enough."""
CLEAN_SECONDS = 600.0
"""Between two removals of what is old."""
CONFIRM_SECONDS = 180.0
"""Between two looks at the clock, before what it calls old is removed."""
JUMP_SECONDS = 60.0
"""By more than so much no clock goes wrong in that time, unless somebody sets it."""
DRAFT_SECONDS = 86_400.0
"""Age at which a plan that was never finished is removed."""
CLOSE_SECONDS = 5.0
MOST_DEATHS = 3
"""Times that the work on a batch may end by an error that nobody foresaw; then it rests until people resume it."""
DIED = Reason(STTSError.code, "The work on it ended by an error again and again; the log tells why.")

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Turn:
    task: asyncio.Task[None]
    at_work: BatchAtWork
    began: float
    """Monotonic."""


class BatchRunner:
    """One for the process. `run()` runs as long as the server does; `close()` ends what is at work."""

    def __init__(
        self,
        stores: StoreOpener,
        files: BatchFiles,
        carry_out: CarryOut,
        settings: CurrentSettings,
        yielding: Yielding,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock`: Unix time in seconds."""
        self._stores = stores
        self._files = files
        self._settings = settings
        self._clock, self._monotonic = clock, monotonic
        self._holder = secrets.token_hex(8)
        self._at_work: dict[str, _Turn] = {}
        """In the order in which they were begun."""
        self._deaths: dict[str, int] = {}
        """How often the work on a batch has ended by an error, since it last ended without."""
        self._wanted = asyncio.Event()
        self._changed = asyncio.Event()
        self._is_running = False
        self._clean_at = -math.inf
        self._last_look: float | None = None
        """How far the clock was ahead of the monotonic one when the last look for what is old was taken."""
        places = ItemPlaces(settings, yielding)
        self._around = Surroundings(
            self._work, carry_out, settings, places, self._lease, carry_out.sync, carry_out.forget, self._tell
        )

    def wake(self) -> None:
        """Says that there is something to do."""
        self._wanted.set()

    def clean(self) -> None:
        """Lets results without a batch go now."""
        self._clean_at = -math.inf
        if self._is_running:
            self.wake()

    async def run(self) -> None:
        if not await asyncio.to_thread(lambda: self._files.exists):
            await self._wanted.wait()
        self._is_running = True
        root = await asyncio.to_thread(self._files.open)
        while True:
            self._wanted.clear()
            with suppress(DatabaseAway):
                await self._take(root)
                await self._clean()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wanted.wait()

    async def stop(self, batch_id: str) -> None:
        """Ends the work on a batch here, and returns when what was done is written."""
        if (turn := self._at_work.get(batch_id)) is not None:
            turn.task.cancel()
            await asyncio.wait([turn.task])

    async def close(self) -> None:
        """Ends all work, and gives the batches back so that another server need not wait for their leases."""
        tasks = [turn.task for turn in self._at_work.values()]
        for task in tasks:
            task.cancel()
        if not tasks:
            return
        await asyncio.wait(tasks)
        with suppress(DatabaseAway, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await (await self._work()).release(self._holder)

    async def changes(self, seconds: float) -> AsyncGenerator[None, None]:
        """An item each time that something has changed here, or after so many seconds: another server tells nobody."""
        while True:
            changed = self._changed
            yield
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await changed.wait()

    async def _take(self, root: str) -> None:
        free, work = MOST_AT_WORK - len(self._at_work), await self._work()
        if free <= 0:
            await self._make_room(root, work)
            return
        for batch in await work.claim(root, self._lease(), now=self._clock(), most=free):
            if batch.id in self._at_work:
                # This server was held up for longer than its lease, and nobody else has taken it.
                continue
            at_work = BatchAtWork(batch, WaitingItems(batch, self._stores), self._around)
            task = asyncio.create_task(self._run(batch, at_work), name=f"job {batch.id}")
            self._at_work[batch.id] = _Turn(task, at_work, self._monotonic())
            task.add_done_callback(lambda _, id=batch.id: self._ended(id))  # type: ignore[misc]
            self._tell()

    async def _make_room(self, root: str, work: BatchWork) -> None:
        """Lets the one that is at work for longest go behind those that wait, so that long ones starve nobody."""
        turn = next(iter(self._at_work.values()))
        had_its_turn = self._monotonic() - turn.began >= TURN_SECONDS
        if had_its_turn and await work.waits(root, self._lease(), now=self._clock()):
            turn.at_work.give_way()

    async def _run(self, batch: Batch, at_work: BatchAtWork) -> None:
        try:
            await at_work.run()
            self._deaths.pop(batch.id, None)
        except (LeaseLost, DatabaseAway):
            # Whoever holds it now goes on; where nobody does, it is taken again when its lease is over.
            log.info("job_given_up", job=batch.id)
        except Exception as error:  # noqa: BLE001 - one batch ends no other
            log.error("job_died", job=batch.id, traceback=describe(error, with_messages=False))
            await self._let_rest(batch.id)

    async def _let_rest(self, batch_id: str) -> None:
        """Pauses a batch that has died too often: its items would be spoken, and charged, for ever."""
        deaths = self._deaths[batch_id] = self._deaths.pop(batch_id, 0) + 1
        if deaths < MOST_DEATHS:
            # The oldest is thought of no longer; batches that die are few.
            if len(self._deaths) > MOST_AT_WORK * MOST_AT_WORK:
                del self._deaths[next(iter(self._deaths))]
            return
        del self._deaths[batch_id]
        with suppress(LeaseLost, DatabaseAway):
            await (await self._work()).rest(batch_id, self._holder, DIED, None, now=self._clock())

    def _ended(self, batch_id: str) -> None:
        del self._at_work[batch_id]
        self._wanted.set()
        self._tell()

    async def _clean(self) -> None:
        """Removes batches that ended long ago or rest for long, and results without a batch."""
        if (now := self._monotonic()) < self._clean_at:
            return
        is_sure = self._is_clock_sure(now)
        self._clean_at = now + (CLEAN_SECONDS if is_sure else CONFIRM_SECONDS)
        store = await self._stores.batches()
        removed: list[str] = []
        if is_sure:
            now, jobs = self._clock(), self._settings().jobs
            removed = await store.remove_old(
                ended_before=now - jobs.hours * 3600,
                paused_before=now - jobs.paused_hours * 3600,
                drafts_before=now - DRAFT_SECONDS,
            )
        with suppress(StorageFull):
            here = await asyncio.to_thread(self._files.batches)
            known = await store.known(here)
            for batch_id in [*removed, *(set(here) - known)]:
                await asyncio.to_thread(self._files.remove, batch_id)
            if is_sure:
                written = self._clock() - self._settings().storage.temp_hours * 3600
                await asyncio.to_thread(self._files.remove_leftovers, written)

    def _is_clock_sure(self, now: float) -> bool:
        """True if the clock has gone evenly since an earlier look: what one that was set wrong calls old stays."""
        ahead, before = self._clock() - now, self._last_look
        self._last_look = ahead
        return before is not None and abs(ahead - before) < JUMP_SECONDS

    async def _work(self) -> BatchWork:
        return (await self._stores.stores()).batch_work

    def _lease(self) -> Lease:
        return Lease(self._holder, self._clock() + self._settings().jobs.lease_seconds)

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
