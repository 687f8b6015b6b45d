"""Work of the chats: in each one job at a time, in order, with a short queue; all of it ends with the bot."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

WAITING = 3
"""Jobs that wait in a chat beside the one that runs."""
AT_ONCE = 32
"""Jobs that run in all chats together."""

log = logging.getLogger("stts.bot")

Job = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _Queue:
    worker: asyncio.Task[None] | None = None
    running: asyncio.Task[None] | None = None
    mark: object = None
    """That of the running job."""
    jobs: deque[tuple[Job, object]] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self.jobs) + (self.running is not None)


class ChatQueues:
    """Runs jobs in their chat's order. A job that fails is told to `failed`, with its chat, and the next one runs."""

    def __init__(
        self, failed: Callable[[int, BaseException], Awaitable[None]], *, waiting: int = WAITING, at_once: int = AT_ONCE
    ) -> None:
        self._failed = failed
        self._waiting = waiting
        self._places = asyncio.Semaphore(at_once)
        self._queues: dict[int, _Queue] = {}
        self._closing = False
        self.lost: list[int] = []
        """Chats whose jobs were not done at the end."""

    def put(self, chat: int, job: Job, mark: object = None) -> bool:
        """Takes a job, or does not: the chat's queue is full, or the bot ends. `mark`: names it for `cancel`."""
        queue = self._queues.get(chat)
        if self._closing or (queue is not None and len(queue.jobs) >= self._waiting):
            return False
        if queue is None:
            queue = self._queues[chat] = _Queue()
            queue.worker = asyncio.create_task(self._work(chat, queue))
        queue.jobs.append((job, mark))
        return True

    def ahead(self, chat: int) -> int:
        """Jobs of a chat that are not done."""
        return len(self._queues.get(chat, ()))

    async def cancel(self, chat: int, mark: object = None) -> int:
        """As `drop`, and waits until what ran has ended."""
        queue = self._queues.get(chat)
        ended = self.drop(chat, mark)
        if queue is not None and queue.running is not None and mark in (None, queue.mark):
            await asyncio.wait([queue.running])
        return ended

    def drop(self, chat: int, mark: object = None) -> int:
        """Ends what runs in a chat and forgets what waits there; returns how many jobs that were.

        `mark`: ends the jobs of this name alone.
        """
        queue = self._queues.get(chat)
        if queue is None:
            return 0
        before = len(queue.jobs)
        queue.jobs = deque(each for each in queue.jobs if mark not in (None, each[1]))
        ended = before - len(queue.jobs)
        if queue.running is not None and not queue.running.done() and mark in (None, queue.mark):
            ended += 1
            queue.running.cancel()
        return ended

    async def close(self, seconds: float) -> int:
        """Takes nothing more and lets end what was accepted. Returns how many jobs were not done after `seconds`.

        Their chats are in `lost`.
        """
        self._closing = True
        workers = [queue.worker for queue in self._queues.values() if queue.worker is not None]
        if workers:
            await asyncio.wait(workers, timeout=seconds)
        self.lost = list(self._queues)
        lost = sum(self.drop(chat) for chat in self.lost)
        await asyncio.gather(*workers)
        return lost

    async def _work(self, chat: int, queue: _Queue) -> None:
        # A place is taken for each job anew: a chat with a queue holds no other up.
        while queue.jobs:
            job, queue.mark = queue.jobs.popleft()
            queue.running = asyncio.create_task(self._run(job))
            await asyncio.wait([queue.running])
            if not queue.running.cancelled() and (error := queue.running.exception()):
                await self._tell(chat, error)
            queue.running = None
        del self._queues[chat]

    async def _tell(self, chat: int, error: BaseException) -> None:
        """Tells of a failure; where that fails, too, the chat's next job runs all the same."""
        telling = asyncio.create_task(self._told(chat, error))
        await asyncio.wait([telling])
        if not telling.cancelled() and (second := telling.exception()):
            log.error("a chat could not be told of a failure: %s", type(second).__name__)

    async def _told(self, chat: int, error: BaseException) -> None:
        await self._failed(chat, error)

    async def _run(self, job: Job) -> None:
        async with self._places:
            await job()
