"""Voice activity of all live streams, judged together: frames that wait go through the network in one batch.

While one batch runs in a worker thread the next gathers. A stream's own frames go in order, one per round of a batch,
because its state travels from each to the next. The slot is held while anybody is heard, so that uploads, which use
slots of the same engine, never stand in between; it is given back when nobody has been for a while.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adapters.execution.errors import plain
from adapters.execution.instance import AT_ONCE, EngineInstance
from adapters.execution.slot import Slot
from stts.engine_api import Samples, VADEngine
from stts.errors import STTSError
from stts.vad.segmenter import audible

GATHER_SECONDS = 0.004
"""Seconds between the starts of two batches: many small batches cost more than few large ones."""
ROUNDS = 8
"""Frames of one stream in one batch, a quarter of a second: who sends a minute at once does not hold up the others."""
IDLE_SECONDS = 10.0
"""Seconds without a frame after which the slot is released."""
CALL_SECONDS = 10.0
"""Longest silence of the engine, whose batches take milliseconds."""


class EngineVoiceActivity:
    """The VoiceActivity over any VAD engine."""

    def __init__(self, instance: EngineInstance[VADEngine], *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._instance = instance
        self._idle_seconds = idle_seconds
        self._waiting: deque[_Call] = deque()
        self._running: list[_Call] = []
        self._arrived = asyncio.Event()
        self._gatherer: asyncio.Task[None] | None = None

    def stream(self) -> EngineVoiceStream:
        return EngineVoiceStream(self, self._instance.engine.new_state())

    def put(self, call: _Call) -> None:
        """Queues the frames of a stream for the next batch."""
        self._waiting.append(call)
        self._arrived.set()
        if self._gatherer is None:
            self._begin()

    async def close(self) -> None:
        """Ends the task; whoever waits is cancelled."""
        gatherer, self._gatherer = self._gatherer, None
        if gatherer is not None:
            gatherer.cancel()
            await asyncio.wait([gatherer])
        for call in self._take_all():
            call.done.cancel()

    def _begin(self) -> None:
        self._gatherer = asyncio.create_task(self._gather(), name="voice activity")
        self._gatherer.add_done_callback(self._ended)

    def _ended(self, gatherer: asyncio.Task[None]) -> None:
        if self._gatherer is not gatherer:
            return
        self._gatherer = None
        if not gatherer.cancelled() and (error := gatherer.exception()) is not None:
            self._fail(error)
        if self._waiting:
            self._begin()

    def _fail(self, error: BaseException) -> None:
        """Fails all waiting calls, each with an error of its own, since a traceback grows with every raise."""
        for call in self._take_all():
            if not call.done.done():
                call.done.set_exception(plain(error) if isinstance(error, STTSError) else error)

    def _take_all(self) -> list[_Call]:
        calls = [*self._running, *self._waiting]
        self._running = []
        self._waiting.clear()
        return calls

    async def _gather(self) -> None:
        """Runs batch after batch until no stream sends frames any more."""
        loop = asyncio.get_running_loop()
        async with self._instance.slot(AT_ONCE, begun=True) as slot:
            while await self._heard():
                started = loop.time()
                await self._batch(slot)
                if (left := started + GATHER_SECONDS - loop.time()) > 0:
                    await asyncio.sleep(left)

    async def _heard(self) -> bool:
        """Waits for frames. False: none came for `IDLE_SECONDS`."""
        if self._waiting:
            return True
        self._arrived.clear()
        try:
            async with asyncio.timeout(self._idle_seconds):
                await self._arrived.wait()
        except TimeoutError:
            return bool(self._waiting)
        return True

    async def _batch(self, slot: Slot[VADEngine]) -> None:
        calls = self._running = [call for call in self._waiting if not call.done.done()]
        self._waiting.clear()
        if not calls:
            return
        await slot.ask(lambda engine: _judge(engine, calls), CALL_SECONDS)
        self._running = []
        unfinished = []
        for call in calls:
            if call.judged < len(call.frames):
                unfinished.append(call)
            elif not call.done.done():
                call.done.set_result(call.heard)
        self._waiting.extendleft(reversed(unfinished))


class EngineVoiceStream:
    """VAD of one live stream, one call at a time."""

    def __init__(self, activity: EngineVoiceActivity, state: NDArray[np.float32]) -> None:
        self._activity = activity
        self.state = state
        self._call: _Call | None = None

    async def probabilities(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of speech in each frame. Raises the EngineError of a failed batch; the next call starts anew."""
        if self._call is not None and not self._call.done.done():
            raise RuntimeError("A stream is heard frame after frame.")
        if len(frames) == 0:
            return np.zeros(0, np.float32)
        call = self._call = _Call(self, frames)
        self._activity.put(call)
        try:
            return await call.done
        finally:
            if call.done.done():
                self._call = None  # its frames may be a part of a second of audio

    def close(self) -> None:
        if self._call is not None:
            self._call.done.cancel()


class _Call:
    """Frames of one stream that wait for a batch."""

    __slots__ = ("done", "frames", "heard", "judged", "stream")

    def __init__(self, stream: EngineVoiceStream, frames: NDArray[np.float32]) -> None:
        self.stream = stream
        self.frames = frames
        self.heard: Samples = np.zeros(len(frames), np.float32)
        """Probabilities computed so far."""
        self.judged = 0
        """Frames judged so far."""
        self.done: asyncio.Future[Samples] = asyncio.get_running_loop().create_future()


def _judge(engine: VADEngine, calls: Sequence[_Call]) -> None:
    """Runs the next frames of each call through the network, round by round. Blocking."""
    for _ in range(ROUNDS):
        calls = [call for call in calls if call.judged < len(call.frames)]
        if not calls:
            return
        frames = np.stack([call.frames[call.judged] for call in calls])
        loud = np.flatnonzero(audible(frames))
        if len(loud):
            heard = [calls[index] for index in loud]
            speech, states = engine.probabilities(frames[loud], [call.stream.state for call in heard])
            for call, probability, state in zip(heard, speech, states, strict=True):
                call.heard[call.judged] = probability
                call.stream.state = state
        for call in calls:
            call.judged += 1
