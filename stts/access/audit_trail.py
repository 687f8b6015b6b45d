"""The audit trail while the server runs: what happens waits in memory, bounded, and is written within a second.

Whoever records waits for nothing. While the database is away entries wait; those that find no place are counted, and
how many were lost is an entry itself.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from itertools import islice
from typing import Any

import structlog

from stts.access.audit import SERVER, UNKNOWN, Action, AuditEvent, AuditStore
from stts.access.networks import network_of
from stts.access.principal import Principal
from stts.access.refusals import Refusals
from stts.errors import DatabaseAway

MOST_WAITING = 10_000
"""Entries that wait while the database is away; each takes some kilobytes at most."""
WRITTEN_AT_ONCE = 500
RETRY_SECONDS = 2.0
"""Between two tries while the database is away."""
REMOVE_SECONDS = 3600.0
"""Between two looks for entries whose time is over."""
DAY = 86_400.0
LOOPBACK = "loopback"

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class AuditTrail:
    """One for the process. `run()` runs as long as the server does; `close()` writes the rest."""

    def __init__(
        self,
        store: Callable[[], Awaitable[AuditStore]],
        days: Callable[[], int | None],
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`store` opens the database when it is first asked. `days`: how long entries are kept; None: for ever."""
        self._store = store
        self._days = days
        self._clock = clock
        self._monotonic = monotonic
        self._waiting: deque[AuditEvent] = deque()
        self._lost = 0
        self._refusals = Refusals(clock, monotonic)
        self._woken = asyncio.Event()
        self._writing = asyncio.Lock()
        self._removed_at: float | None = None

    def record(self, actor: str, action: Action, target: str = "", details: Mapping[str, Any] | None = None) -> None:
        """Takes an entry; it is written soon."""
        self._take(AuditEvent(at=self._clock(), actor=actor, action=action, target=target, details=details or {}))

    def access_refused(self, principal: Principal | None, address: str, status: int, route: str) -> None:
        """One more refusal of an address. `principal`: None where nobody was admitted."""
        actor = principal.name if principal is not None else UNKNOWN
        self._refused(Action.ACCESS_REFUSED, actor, network_of(address) or LOOPBACK, f"{status} {route}")

    def quota_refused(self, principal: Principal, quota: str, route: str) -> None:
        """One more request that a limit or quota refused. `quota`: the code of the error, as `quota_exceeded`."""
        self._refused(Action.QUOTA_REFUSED, principal.name, quota, f"429 {route}")

    async def run(self) -> None:
        """Writes what is recorded, and removes what is older than it should be, for ever."""
        while True:
            try:
                await self.remove_old()
                await self.write()
            except DatabaseAway as error:
                log.warning("audit_waits", entries=len(self._waiting), lost=self._lost, error=error.message)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await self._something_to_do()

    async def write(self) -> None:
        """Writes all that waits, the end of a minute not yet over included where one is due. Raises DatabaseAway."""
        if self._refusals.due_in == 0.0:
            self._take_refusals()
        async with self._writing:
            while self._waiting or self._lost:
                self._tell_lost()
                batch = [*islice(self._waiting, WRITTEN_AT_ONCE)]
                # One that was written, while nobody heard of it, is known by its id and not written again.
                await (await self._store()).append(batch)
                for _ in batch:
                    self._waiting.popleft()

    async def flush(self) -> None:
        """Writes all that happened until now, for somebody who reads. Raises DatabaseAway."""
        self._take_refusals()
        await self.write()

    async def remove_old(self) -> None:
        """Removes entries whose time is over, where a look for them is due. Raises DatabaseAway."""
        days, now = self._days(), self._monotonic()
        if days is None or (self._removed_at is not None and now - self._removed_at < REMOVE_SECONDS):
            return
        store = await self._store()
        last = None
        while (removed := await store.remove_before(self._clock() - days * DAY)) is not None:
            last = removed
        self._removed_at = now
        if last is not None:
            self.record(SERVER, Action.AUDIT_REMOVE, details={"through": last.sequence, "hash": last.hash.hex()})

    async def close(self) -> None:
        """Writes the rest. Raises DatabaseAway."""
        try:
            await self.flush()
        finally:
            if unwritten := len(self._waiting) + self._lost:
                log.warning("audit_lost", entries=unwritten)

    async def _something_to_do(self) -> None:
        removal = REMOVE_SECONDS if self._days() is not None else None
        waits = [each for each in (removal, self._refusals.due_in) if each is not None]
        try:
            async with asyncio.timeout(min(waits, default=None)):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    def _take(self, event: AuditEvent) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
        else:
            self._waiting.append(event)
        self._woken.set()

    def _take_refusals(self) -> None:
        for event in self._refusals.take():
            self._take(event)

    def _refused(self, action: Action, actor: str, target: str, kind: str) -> None:
        # The task learns when the minute ends, not of each refusal.
        if self._refusals.due_in is None:
            self._woken.set()
        self._refusals.count(action, actor, target, kind)

    def _tell_lost(self) -> None:
        if self._lost and len(self._waiting) < MOST_WAITING:
            lost, self._lost = self._lost, 0
            self.record(SERVER, Action.AUDIT_LOST, details={"count": lost})
