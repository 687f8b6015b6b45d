"""UsageWriter: adds up usage in memory, and hands it to the store every 2 s.

While the database is away it waits here, bounded: beyond that many rows further ones are added up without their names.
A batch keeps its number until the store has taken it, so that one whose answer was lost is not counted twice.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from itertools import islice

import structlog

from stts.analytics.record import OperationRecord
from stts.analytics.usage import DAY, HOUR, NO_KEY, OTHER, HourKey, UsageBatch, UsageKey, UsageStore, UsageSums
from stts.context import RequestType
from stts.errors import DatabaseAway

WRITE_SECONDS = 2.0
"""Between two batches: a server that is killed loses no more than that, and what is on its way."""
BATCH_ROWS = 250
"""Rows of one transaction: the event loop stands still for 10 to 20 ms while they are made ready."""
WAITING_ROWS = 50_000
"""Rows that wait in memory, about 500 bytes each; further ones are added up by day and kind."""
EXPIRE_SECONDS = 3600.0
"""Between two removals of old days."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class UsageWriter:
    """A RecordWriter (`stts/analytics/record.py`), one for the process. `run()` writes as long as the server runs."""

    def __init__(
        self,
        store: Callable[[], Awaitable[UsageStore]],
        days: Callable[[], int],
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`store` opens the store when there is something to write. `days`: for how long it keeps usage."""
        self._store = store
        self._days = days
        self._clock = clock
        self._monotonic = monotonic
        self._writer = secrets.token_hex(16)
        self._number = 0
        self._rows: dict[UsageKey, UsageSums] = {}
        # Three more an hour for each listener.
        self._hours: dict[HourKey, UsageSums] = {}
        self._unsure: UsageBatch | None = None
        """The batch that was sent and not yet acknowledged."""
        self._writing = asyncio.Lock()
        self._expired_at = float("-inf")
        self._is_away = False

    def operation_started(self, request_type: RequestType) -> None:
        """Only what has ended is usage."""

    def operation_finished(self, record: OperationRecord) -> None:
        now = self._clock()
        kind = record.labels.type
        key = _key(int(now // DAY), record)
        sums = self._rows.get(key)
        if sums is None:
            if len(self._rows) >= WAITING_ROWS:
                key = UsageKey(key.day, OTHER, OTHER, OTHER, OTHER, OTHER, kind, OTHER)
            sums = self._rows.setdefault(key, UsageSums())
        sums.add(record)
        hour = HourKey(int(now // HOUR), kind, record.labels.listener)
        of_hour = self._hours.get(hour)
        if of_hour is None:
            of_hour = self._hours[hour] = UsageSums()
        of_hour.add(record)

    @property
    def waiting(self) -> int:
        """Operations that are not known to be written."""
        unsure = self._unsure.rows.values() if self._unsure is not None else ()
        return sum(sums.operations for sums in (*self._rows.values(), *unsure))

    async def run(self) -> None:
        """Writes and removes what is old, for ever."""
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            try:
                await self.write()
            except DatabaseAway as error:
                if not self._is_away:
                    log.warning("usage_waits", error=error.message)
                self._is_away = True
            else:
                if self._is_away:
                    log.info("usage_written")
                self._is_away = False

    async def write(self) -> None:
        """Writes what waits now, and now and then removes what is old. Raises DatabaseAway."""
        async with self._writing:
            # Under load something comes at every moment: that is for the next time, or there would be no end.
            rows = len(self._rows)
            if self._unsure is None and not rows:
                return
            store = await self._store()
            if self._unsure is not None:
                await self._send(store, self._unsure)
            for _ in range(0, rows, BATCH_ROWS):
                await self._send(store, self._next())
            if self._monotonic() - self._expired_at >= EXPIRE_SECONDS:
                await store.remove_before(int(self._clock() // DAY) - self._days())
                self._expired_at = self._monotonic()

    async def forget(self, user_id: str) -> int:
        """Makes nameless what waits here and what is kept of a user; counts the rows. Raises DatabaseAway."""
        async with self._writing:
            store = await self._store()
            if self._unsure is not None:
                await self._send(store, self._unsure)
            mine = [key for key in self._rows if key.user_id == user_id]
            for key in mine:
                sums = self._rows.pop(key)
                self._rows.setdefault(key.nameless, UsageSums()).merge(sums)
            return len(mine) + await store.forget(user_id)

    async def _send(self, store: UsageStore, batch: UsageBatch) -> None:
        self._unsure = batch
        await store.add(batch)
        self._unsure = None

    def _next(self) -> UsageBatch:
        """Takes the next batch out of what waits; the hours go with the first."""
        taken = list(islice(self._rows, BATCH_ROWS))
        rows = {key: self._rows.pop(key) for key in taken}
        hours, self._hours = self._hours, {}
        self._number += 1
        return UsageBatch(self._writer, self._number, rows, hours)


def _key(day: int, record: OperationRecord) -> UsageKey:
    labels = record.labels
    return UsageKey(
        day,
        record.key_id or NO_KEY,
        record.user_id or NO_KEY,
        labels.engine,
        labels.voice,
        labels.language,
        labels.type,
        labels.listener,
    )
