"""State that the input and the output of one session share: configuration, history, turns, way out, clock, tasks."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

from stts.conversation.config import SessionConfig
from stts.conversation.history import History
from stts.conversation.outbox import Outbox
from stts.conversation.services import SessionServices
from stts.conversation.turn_policy import TurnTaking
from stts.conversation.turn_traces import TurnTraces
from stts.plans import SpeechPlan


class SessionState:
    def __init__(
        self,
        services: SessionServices,
        config: SessionConfig,
        history: History,
        outbox: Outbox,
        clock: Callable[[], float],
    ) -> None:
        self.services = services
        self.config = config
        self.plan: SpeechPlan | None = None
        """Speech plan of the session's configuration; None: replies are not spoken, or the session has not begun."""
        self.history = history
        self.outbox = outbox
        self.clock = clock
        self.turns = TurnTaking(config.policy)
        self.traces = TurnTraces(services.turns, clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._context = contextvars.copy_context()
        self._over = False

    def configure(self, config: SessionConfig, plan: SpeechPlan | None) -> None:
        self.config, self.plan = config, plan
        self.turns.policy = config.policy

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Starts a task that ends with the session. An error that it should not have raised ends the session."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def run(self, step: Callable[[], None]) -> None:
        """Does a step of the session's work, whoever's callback it is, as its tasks do theirs: with the context in
        which it was opened, not once it has ended, and what it should not have raised ends it."""
        if self._over:
            return
        try:
            self._context.run(step)
        except Exception as error:  # noqa: BLE001 - carried over to the reader of the events, whatever it is
            self.outbox.close(error)

    async def end(self) -> None:
        self._over = True
        while tasks := list(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        self.traces.close()
        self.outbox.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.outbox.close(error)
