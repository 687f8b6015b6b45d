"""The threads in which calls of engines run."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from stts.errors import ShuttingDown

Job = Callable[[], object]

NICENESS = 5
"""Added for threads that give way: another goes first, and gets three times as much of a core that both want."""


class Workers:
    """Daemon threads that stay: made when needed, at most `limit`. Daemons, because foreign code may never return."""

    def __init__(self, name: str, limit: int, *, gives_way: bool = False) -> None:
        """`gives_way`: other threads get the processor first, where the system can tell threads apart."""
        self._name = name
        self._limit = limit
        self._gives_way = gives_way
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._refusing = False
        # Below the lock:
        self._jobs: deque[Job] = deque()
        """Those for which no thread is free."""
        self._idle: list[SimpleQueue[Job | None]] = []
        """Each thread that waits is told by its own; the one that worked last is the next."""
        self._closed = False

    @property
    def threads(self) -> tuple[threading.Thread, ...]:
        return tuple(self._threads)

    def resize(self, limit: int) -> None:
        """Makes at most so many threads from now on; those that there are stay."""
        self._limit = limit

    def submit(self, job: Job) -> None:
        """Runs a job that raises nothing as soon as a thread is free. Raises ShuttingDown after `refuse`."""
        if self._refusing:
            raise ShuttingDown("The server is stopping.")
        self._submit(job)

    def refuse(self) -> None:
        """Takes no more jobs."""
        self._refusing = True

    def close(self, *last: Job) -> None:
        """Each thread ends after its job; the jobs given here are the last ones."""
        self.refuse()
        for job in last:
            self._submit(job)
        with self._lock:
            self._closed = True
            for idle in self._idle:
                idle.put(None)
            self._idle.clear()

    def _submit(self, job: Job) -> None:
        """Wakes the one thread that gets the job: of several at one queue, a second wakes to find it empty."""
        with self._lock:
            if self._idle:
                self._idle.pop().put(job)
                return
            self._jobs.append(job)
            if len(self._threads) < self._limit:
                name = f"{self._name}-{len(self._threads)}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def _work(self) -> None:
        if self._gives_way:
            _give_way()
        given: SimpleQueue[Job | None] = SimpleQueue()
        while (job := self._next(given) or given.get()) is not None:
            job()
            # Else it would keep the job's items alive until the next one comes.
            del job

    def _next(self, given: SimpleQueue[Job | None]) -> Job | None:
        """The next of those that wait; None: it is given one, or is told to end."""
        with self._lock:
            if self._jobs:
                return self._jobs.popleft()
            if self._closed:
                given.put(None)
            else:
                self._idle.append(given)
            return None


def _give_way() -> None:
    """Lowers the priority of this thread for good, on Linux: elsewhere the same call is for the whole process."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):  # forbidden by a filter of system calls
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)
