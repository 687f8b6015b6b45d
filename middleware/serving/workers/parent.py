"""Parent: keeps several workers running, which serve the same addresses, and never serves anybody itself.

A worker that ends by itself is started anew, at first at once and then after longer and longer waits. Where none gets
as far as to serve the whole ends, which whoever has started it sees.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from middleware.serving.lifecycle import Lifecycle
from middleware.serving.workers.process import Order, Start, WorkerProcess
from stts.interruption import STATUS as INTERRUPTED
from stts.scheduling.backoff import Backoff

MOST_FAILED_STARTS = 5
"""Starts in a row that come to nothing, of a worker that never served or while nobody else serves."""
LONGEST_WAIT_SECONDS = 30.0
STEADY_SECONDS = 10.0
"""A worker that has served for so long is started anew at once."""
FAILED = 1
"""Exit status where a worker was ended by a signal, or could not be started."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(eq=False, slots=True)
class _Slot:
    """The place of one worker, which one process after the other fills."""

    number: int
    process: WorkerProcess | None = None
    ready_at: float | None = None
    """Monotonic; None while it does not serve."""
    has_served: bool = False
    backoff: Backoff = field(default_factory=lambda: Backoff(longest=LONGEST_WAIT_SECONDS))
    filling: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a process for it starts."""


class Parent:
    def __init__(
        self, count: int, start: Start, lifecycle: Lifecycle, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`lifecycle`: of all of them together."""
        self._slots = [_Slot(number) for number in range(1, count + 1)]
        self._start = start
        self._lifecycle = lifecycle
        self._clock = clock
        self._all: set[WorkerProcess] = set()
        """Those that have not ended."""
        self._signals: list[signal.Signals] = []
        """Requests to stop that have come."""
        self._status = 0
        self._restart = asyncio.Event()

    async def run(self) -> int:
        """Returns the exit status, when all have ended."""
        # The first finds out alone whether the configuration will do, and whether its addresses are free.
        await self._fill(self._slots[0], is_first=True)
        replacing = asyncio.create_task(self._replace_all(), name="rolling restart")
        try:
            await _all_of(self._keep(slot) for slot in self._slots)
            await _all_of(self._end(process) for process in list(self._all))
        finally:
            replacing.cancel()
            await asyncio.wait([replacing])
        return self._status

    def stop(self, number: signal.Signals) -> None:
        """Tells all what somebody has told this process: the first time they drain."""
        self._signals.append(number)
        self._lifecycle.stop()
        for process in self._all:
            process.signal(number)

    def restart(self) -> None:
        """Replaces the workers, one after the other. Returns at once."""
        self._restart.set()

    @property
    def _stopping(self) -> bool:
        return self._lifecycle.stopping.is_set()

    async def _keep(self, slot: _Slot) -> None:
        if slot.process is None and not slot.backoff.failures:
            await self._fill(slot)
        while not self._stopping:
            process = slot.process
            status = await self._end(process) if process is not None else FAILED
            async with slot.filling:
                if self._stopping or slot.process is not process:
                    continue
                slot.process = None
            if self._is_hopeless(slot):
                log.error("server_ends", worker=slot.number, failed_starts=slot.backoff.failures)
                self._status = status if status > 0 else FAILED
                self.stop(signal.SIGTERM)
                return
            await self._rest(slot.backoff.wait(self._clock()))
            await self._fill(slot)

    async def _fill(self, slot: _Slot, *, is_first: bool = False) -> None:
        """Starts a process, and returns when it serves or has ended."""
        async with slot.filling:
            if self._stopping:
                return
            slot.process = await self._started(Order(slot.number, is_first=is_first, ports=self._ports()))
            if slot.process is not None and await slot.process.ready():
                self._serves(slot)

    async def _started(self, order: Order) -> WorkerProcess | None:
        try:
            process = await self._start(order)
        except OSError as error:
            log.error("worker_not_started", worker=order.number, reason=error.strerror)
            return None
        log.info("worker_started", worker=order.number, pid=process.pid)
        self._all.add(process)
        for number in self._signals:
            process.signal(number)  # It has come since.
        return process

    def _serves(self, slot: _Slot) -> None:
        slot.ready_at, slot.has_served = self._clock(), True
        if all(each.has_served for each in self._slots):
            self._lifecycle.answering.set()

    async def _end(self, process: WorkerProcess) -> int:
        """Waits for the end of a process, and takes note of it."""
        status = await process.ended()
        if process not in self._all:
            return status
        self._all.discard(process)
        slot = next((each for each in self._slots if each.process is process), None)
        if self._stopping:
            # Whoever was interrupted before it served has done what it was asked to.
            is_asked = status in (0, *(-each for each in self._signals))
            if not is_asked and not (status == INTERRUPTED and self._lifecycle.answering.is_set()):
                self._status = self._status or (status if status > 0 else FAILED)
        elif slot is not None:
            self._failed(slot, process, status)
        return status

    def _failed(self, slot: _Slot, process: WorkerProcess, status: int) -> None:
        how = {"signal": -status} if status < 0 else {"status": status}
        log.warning("worker_ended", worker=slot.number, pid=process.pid, served=slot.ready_at is not None, **how)
        if slot.ready_at is not None and self._clock() - slot.ready_at >= STEADY_SECONDS:
            slot.backoff.succeeded()
        slot.backoff.failed(self._clock())
        slot.ready_at = None

    def _is_hopeless(self, slot: _Slot) -> bool:
        if not any(each.has_served for each in self._slots):
            return True
        others_serve = any(each.ready_at is not None for each in self._slots)
        return slot.backoff.failures >= MOST_FAILED_STARTS and not (slot.has_served and others_serve)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._lifecycle.stopping.wait()

    def _ports(self) -> dict[str, int]:
        """Ports of those that serve."""
        ports: dict[str, int] = {}
        for slot in self._slots:
            if slot.process is not None:
                ports |= slot.process.ports
        return ports

    async def _replace_all(self) -> None:
        while True:
            await self._restart.wait()
            self._restart.clear()
            for slot in self._slots:
                if not await self._replaced(slot):
                    break

    async def _replaced(self, slot: _Slot) -> bool:
        """Lets another take the place of a process before that drains. False where the other does not get so far."""
        async with slot.filling:
            before = slot.process
            if self._stopping or before is None:
                return True  # It starts anew by itself.
            sockets = await before.hand_over()
            try:
                process = await self._started(Order(slot.number, sockets=sockets, ports=self._ports()))
            finally:
                for each in sockets.values():
                    each.close()
            if process is None or not await process.ready():
                log.error("restart_given_up", worker=slot.number)
                if process is not None:
                    await self._end(process)
                return False
            slot.process = process
            self._serves(slot)
        before.signal(signal.SIGTERM)
        await self._end(before)
        return True


async def _all_of(work: Iterable[Coroutine[Any, Any, Any]]) -> None:
    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(each)
