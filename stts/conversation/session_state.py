"""What the halves of one session share: its configuration, its history, its way out, its clock and its tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from stts.conversation.config import SessionConfig
from stts.conversation.history import History
from stts.conversation.outbox import Outbox
from stts.conversation.services import SessionServices
from stts.conversation.state import State


class SessionState:
    def __init__(
        self,
        parts: SessionServices,
        config: SessionConfig,
        history: History,
        outbox: Outbox,
        clock: Callable[[], float],
    ) -> None:
        self.parts = parts
        self.config = config
        self.history = history
        self.out = outbox
        self.clock = clock
        self.state = State.LISTENING
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def answers(self) -> bool:
        """Whether each turn of the user is replied to."""
        return self.config.respond and self.config.reply is not None

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """A task that ends with the session. What it should not have raised ends the session."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def end(self) -> None:
        while tasks := list(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        self.out.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.out.close(error)
