"""Binds results of jobs into one file, which takes minutes: it goes on when the client that asked first has left.

A client waits for a moment; after that it is told when to ask again. So no connection has to last as long as a binding,
through whatever proxy, and none that breaks throws work away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from routers.http.workers import RETRY_SECONDS, Workers
from stts.errors import Busy, Conflict, NotCompleteYet
from stts.storage.batch_files import BatchFiles
from stts.storage.files.records import Checkpoint

MOST_WAITING = 4
"""Books that may wait to be bound."""
MOST_FAILURES = 100
"""Failed bindings whose reason is kept until somebody asks."""
WAIT_SECONDS = 10.0
"""Time for which a client waits: shorter than that of proxies, long enough for a short book."""

TellPart = Callable[[float], None]
"""A function that is told now and then how much of the work is done, 0 to 1."""
Bind = Callable[[Path, Checkpoint, TellPart], None]
"""Writes the file, and calls both now and then. Blocking."""


class Binder:
    """One for the process: a book at a time, each once, however many ask for it. `close()` ends what is being bound."""

    def __init__(self, files: BatchFiles, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self.wait_seconds = wait_seconds
        self._files = files
        self._workers = Workers("binder", threads=1, queue_length=MOST_WAITING)
        self._bindings: dict[tuple[str, str], asyncio.Task[Path]] = {}
        """Those that are on their way, and failures that nobody has been told of."""
        self._parts: dict[tuple[str, str], float] = {}
        """How much is done of those that are on their way."""

    async def bound(
        self, batch_id: str, name: str, prepare: Callable[[], Awaitable[Bind]], wait_seconds: float | None = None
    ) -> Path:
        """The file, which is made with what `prepare` gives if it is not there. `wait_seconds`: less than the usual.

        Raises NotCompleteYet, with the part that is done, while it is being made; Busy where too many wait; Conflict
        where it was stopped; and what its making has raised, once.
        """
        key = batch_id, name
        if (task := self._bindings.get(key)) is None:
            if (path := await asyncio.to_thread(self._files.found, batch_id, name)) is not None:
                return path
            task = self._begun(key, prepare)
        longest = self.wait_seconds
        await asyncio.wait((task,), timeout=longest if wait_seconds is None else min(longest, wait_seconds))
        if not task.done():
            waiting = NotCompleteYet("The book is being bound. Ask again soon.", retry_after=RETRY_SECONDS)
            waiting.part = self._parts.get(key, 0.0)
            raise waiting
        if self._bindings.get(key) is task:
            del self._bindings[key]
        if task.cancelled():
            raise Conflict("The book is not bound any more: its job is being removed, or the server ends.")
        return task.result()

    async def stop(self, batch_id: str) -> None:
        """Ends what is being bound of a batch, which is about to be removed."""
        await self._end([task for key, task in self._bindings.items() if key[0] == batch_id])

    async def close(self) -> None:
        await self._end(list(self._bindings.values()))

    async def _end(self, tasks: list[asyncio.Task[Path]]) -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _begun(self, key: tuple[str, str], prepare: Callable[[], Awaitable[Bind]]) -> asyncio.Task[Path]:
        # Another may have begun it meanwhile.
        if (task := self._bindings.get(key)) is not None:
            return task
        failures = [each for each, task in self._bindings.items() if task.done()]
        if len(self._bindings) - len(failures) > MOST_WAITING:
            raise Busy("Too many books are being bound. Try again soon.", retry_after=RETRY_SECONDS)
        for oldest in failures[: max(0, len(failures) - MOST_FAILURES + 1)]:
            del self._bindings[oldest]
        task = self._bindings[key] = asyncio.create_task(self._make(*key, prepare), name="bind a book")
        task.add_done_callback(lambda task: self._ended(key, task))
        return task

    async def _make(self, batch_id: str, name: str, prepare: Callable[[], Awaitable[Bind]]) -> Path:
        bind = await prepare()

        def tell(part: float) -> None:
            if (batch_id, name) in self._bindings:
                self._parts[batch_id, name] = part

        return await self._workers.run(
            lambda checkpoint: self._files.made(batch_id, name, lambda target: bind(target, checkpoint, tell))
        )

    def _ended(self, key: tuple[str, str], task: asyncio.Task[Path]) -> None:
        """Forgets what is a file now; a failure stays until it is told."""
        self._parts.pop(key, None)
        if (task.cancelled() or task.exception() is None) and self._bindings.get(key) is task:
            del self._bindings[key]
