"""A child process that is started ahead, so that no call waits for one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from stts.errors import STTSError

log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Spare:
    """Runs one start at a time, in a task of its own."""

    def __init__(self, name: str, start: Callable[[], Awaitable[None]]) -> None:
        """`name`: of the engine."""
        self._name = name
        self._start = start
        self._task: asyncio.Task[None] | None = None

    def want(self) -> None:
        """Starts one, unless that is going on already."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"spare {self._name}")
            self._task.add_done_callback(self._ended)

    async def end(self) -> None:
        """Gives up a start that is going on; returns when nothing of it runs any more."""
        if (task := self._task) is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        try:
            await self._start()
        except STTSError as error:
            # Whoever needs the child next starts it, and is told what is wrong.
            log.warning("spare_failed", engine=self._name, code=error.code)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
