"""Estimates of installations: each list of requirements is asked for once at a time, and few of them at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from engines.environments.environment import Environment
from engines.environments.estimate import UNKNOWN, Estimate, estimate
from stts.cancellation import Cancellation
from stts.errors import ShuttingDown

ESTIMATE_SECONDS = 300.0
"""Longest wait for the package index; an index that tells no metadata sends whole files, which pip keeps for later."""
AT_ONCE = 2
"""Package indexes that are asked at once; others wait for their turn."""

Lines = tuple[str, ...]


@dataclass(slots=True)
class _Asking:
    task: asyncio.Task[Estimate]
    waiting: int = 0
    """Callers that want the answer."""


class Estimates:
    """Made once. Answers are kept, since it takes a while to ask."""

    def __init__(self) -> None:
        self._known: dict[Lines, Estimate] = {}
        self._asking: dict[Lines, _Asking] = {}
        self._closed = False
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="estimate")
        self._turns = asyncio.Semaphore(AT_ONCE)
        """One for each thread, so that the wait for one is not in the time limit."""

    def known(self, environment: Environment) -> Estimate | None:
        """The answer of an earlier question."""
        return self._known.get(environment.requirements.lines)

    async def of(self, environment: Environment) -> Estimate:
        """Asks, or waits with those who have asked. UNKNOWN where that takes too long; raises EngineInstallFailed,
        and ShuttingDown.

        When all who wait have left, the question is given up.
        """
        lines = environment.requirements.lines
        if (known := self.known(environment)) is not None:
            return known
        if self._closed:
            raise ShuttingDown("The server is stopping.")
        if (asking := self._asking.get(lines)) is None:
            task = asyncio.create_task(self._ask(environment), name=f"estimate {environment.name}")
            asking = self._asking[lines] = _Asking(task)
        asking.waiting += 1
        try:
            # Unlike the task's own, the end of this wait tells whose cancellation it is.
            await asyncio.wait((asking.task,))
            if asking.task.cancelled():
                raise ShuttingDown("The server is stopping.")
            return asking.task.result()
        finally:
            asking.waiting -= 1
            if not asking.waiting:
                asking.task.cancel()
                if self._asking.get(lines) is asking:
                    del self._asking[lines]

    def close(self) -> None:
        """Gives up all questions."""
        self._closed = True
        for asking in self._asking.values():
            asking.task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, environment: Environment) -> Estimate:
        cancellation = Cancellation()
        asked = (environment.requirements, environment.python, cancellation)
        try:
            async with self._turns, asyncio.timeout(ESTIMATE_SECONDS):
                found = await asyncio.get_running_loop().run_in_executor(self._threads, estimate, *asked)
        except TimeoutError:
            return UNKNOWN
        finally:
            # Its thread is to end, too.
            cancellation.cancel()
        if found != UNKNOWN:
            self._known[environment.requirements.lines] = found
        return found
