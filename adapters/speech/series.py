"""Pieces of jobs, made one after the other in one slot: between two of them an engine waits for nobody's turn.

What is to be made joins, and a task takes a slot for it. The thread of that slot goes on with what has joined
meanwhile, until nothing has, somebody else wants the engine, or the slot was held for long enough.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import aclosing, suppress

from adapters.execution.instance import EngineInstance
from adapters.health.instance import InstanceHealth
from adapters.speech.render import ChunkRenderer
from stts.engine_api import TTSEngine
from stts.errors import EngineCrashed, ShuttingDown
from stts.settings import CurrentSettings
from stts.speech import AudioChunk
from stts.streams.closing import closing_iterator

HELD_SECONDS = 0.1
"""Time after which a series ends with the piece at work."""
QUIET_SECONDS = 0.05
"""Longest silence of a series that makes something: its slot is waited for as long as it says something."""
MOST_PIECES = 1000
"""Pieces of one series."""


class SeriesPiece:
    """A piece that has joined: a thread makes it, and the event loop hears when it has ended."""

    def __init__(self, renderer: ChunkRenderer, deadline: float, *, begun: bool) -> None:
        """`deadline`: by which its audio is to be there. `begun`: some of its answer is there already."""
        self.renderer = renderer
        self.deadline = deadline
        self.begun = begun
        self.chunks: list[AudioChunk] = []
        self.queue_seconds = 0.0
        self.first_seconds = 0.0
        """From its beginning until the engine gave something of it."""
        self.is_first = True
        """Nothing was made before it in its series."""
        self.left = False
        """Nobody wants it any more."""
        self.error: BaseException | None = None
        self.ended = asyncio.Event()
        self._joined = time.perf_counter()

    def render(self, engine: TTSEngine) -> Iterator[None]:
        """Makes it, in the thread; yields where that takes long."""
        began = time.perf_counter()
        self.queue_seconds = began - self._joined
        with closing_iterator(self.renderer.render(engine)) as chunks:
            for chunk in chunks:
                now = time.perf_counter()
                self.first_seconds = self.first_seconds or now - began
                self.chunks.append(chunk)
                if self.left:
                    return
                if now - began >= QUIET_SECONDS:
                    yield

    def end(self, error: BaseException | None = None) -> None:
        self.error = error
        self.ended.set()


class Series:
    """The pieces of one slot: its thread calls `make()`, the event loop all else."""

    def __init__(self, waiting: deque[SeriesPiece], gives_way: Callable[[], bool], most: int) -> None:
        """`waiting`: those that have joined, which all series take from. `gives_way`: it is to end with the piece at
        work."""
        self._waiting = waiting
        self._gives_way = gives_way
        self._most = most
        self._made: deque[SeriesPiece] = deque()
        """Those that are through, which nobody was told yet."""
        self._count = 0
        self.at_work: SeriesPiece | None = None

    def make(self, engine: TTSEngine) -> Iterator[None]:
        """Yields after each piece, and in long ones. A piece whose child has died without a word of it is begun again
        where this is called again."""
        began = time.perf_counter()
        while (piece := self.at_work or self._next(began)) is not None:
            self.at_work = piece
            piece.is_first = not self._count
            yield from piece.render(engine)
            self._count += 1
            self._made.append(piece)
            self.at_work = None
            yield

    def _next(self, began: float) -> SeriesPiece | None:
        held_long = time.perf_counter() - began >= HELD_SECONDS
        if self._count and (self._count >= self._most or held_long or self._gives_way()):
            return None
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def tell(self) -> int:
        """Ends those that are through, and counts them."""
        count = 0
        while self._made:
            self._made.popleft().end()
            count += 1
        return count


class SeriesMaker:
    """One for each instance."""

    def __init__(self, instance: EngineInstance[TTSEngine], health: InstanceHealth, settings: CurrentSettings) -> None:
        self._instance = instance
        self._health = health
        self._settings = settings
        self._waiting: deque[SeriesPiece] = deque()
        self._tasks: dict[asyncio.Task[None], Series | None] = {}
        """Those that have a slot, with what they make in it, and those that wait for one."""
        self._is_careful = False
        """A child has died in a series: each is of one piece until one has gone well, so that no death is forgotten."""

    async def make(self, piece: SeriesPiece) -> None:
        """Returns when a piece is made. Raises as a slot and its `run` do."""
        self._waiting.append(piece)
        self._begin()
        try:
            await piece.ended.wait()
        except asyncio.CancelledError:
            await self._leave(piece)
            raise
        if isinstance(piece.error, EngineCrashed) and not piece.is_first and not piece.renderer.audio_seconds:
            await self._make_again(piece)
        elif piece.error is not None:
            raise piece.error

    async def _make_again(self, piece: SeriesPiece) -> None:
        """Once, where a child died before a word of a piece. A slot does that for the first of a series."""
        async with self._instance.slot(piece.deadline, begun=piece.begun) as slot:
            # The death of the copy before is counted, and was the first for this piece.
            slot.replaced = True
            with self._health.call(self, slot, first=False) as call:
                async with aclosing(slot.run(piece.render)) as signs:
                    async for _ in signs:
                        call.item()

    def _begin(self) -> None:
        if self._waiting and len(self._tasks) < self._instance.slots:
            task = asyncio.create_task(self._run(self._waiting[0]), name=f"series {self._instance.name}")
            self._tasks[task] = None
            task.add_done_callback(self._ended)

    async def _run(self, first: SeriesPiece) -> None:
        task = asyncio.current_task()
        assert task is not None
        async with self._instance.slot(first.deadline, begun=first.begun) as slot:
            most = 1 if self._is_careful else MOST_PIECES
            series = self._tasks[task] = Series(self._waiting, lambda: self._instance.waiting > 0, most)
            with self._health.call(self, slot, first=False) as call:
                async with aclosing(slot.run(series.make)) as signs:
                    async for _ in signs:
                        call.item()
                        if series.tell():
                            self._is_careful = False
                            self._instance.went_well(slot)

    def _ended(self, task: asyncio.Task[None]) -> None:
        series = self._tasks.pop(task)
        error = ShuttingDown("The work was ended.") if task.cancelled() else task.exception()
        if series is not None:
            series.tell()
            if series.at_work is not None:
                series.at_work.end(error)
        elif error is not None and self._waiting:
            # It had no slot. The next to wait tries again, and is told the same.
            self._waiting.popleft().end(error)
        self._is_careful = self._is_careful or isinstance(error, EngineCrashed)
        self._begin()

    async def _leave(self, piece: SeriesPiece) -> None:
        """Returns when nothing of it is at work any more: at the engine's next yield, or by force."""
        piece.left = True
        if piece in self._waiting:
            self._waiting.remove(piece)
            if not self._waiting:
                for task in [task for task, series in self._tasks.items() if series is None]:
                    task.cancel()
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings().limits.call_seconds):
                await piece.ended.wait()
        for task in [task for task, series in self._tasks.items() if series is not None and series.at_work is piece]:
            task.cancel()
            await asyncio.wait([task])
