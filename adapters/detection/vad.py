"""Voice activity of all live streams, judged together: frames that wait go through the network in one batch.

While one batch runs in a worker thread the next gathers. A stream's own frames go in order, one per round of a batch,
because its state travels from each to the next. The slot is held while anybody is heard, so that uploads, which use
slots of the same engine, never stand in between; it is given back when nobody has been for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from adapters.detection.callbacks import Callbacks
from adapters.detection.vad_batch import VoiceBatch
from adapters.execution.errors import plain, shutting_down
from adapters.execution.instance import AT_ONCE, EngineInstance
from adapters.execution.slot import Slot
from stts.engine_api import Samples, VADEngine
from stts.errors import STTSError
from stts.protocols import Judged

BEAT_SECONDS = 0.008
"""Seconds between the starts of two batches: many small batches cost more than few large ones."""
ROUNDS = 8
"""Frames of one stream in one batch, a quarter of a second: who sends a minute at once does not hold up the others."""
IDLE_SECONDS = 10.0
"""Seconds without a frame after which the slot is released."""
CALL_SECONDS = 10.0
"""Longest silence of the engine, whose batches take milliseconds."""

Done = Callable[[Judged | BaseException], None]


class EngineVoiceActivity:
    """The VoiceActivity over any VAD engine."""

    def __init__(self, instance: EngineInstance[VADEngine], *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._instance = instance
        self._idle_seconds = idle_seconds
        self._waiting: dict[EngineVoiceStream, None] = {}
        """Streams with frames for the next batch."""
        self._running: list[EngineVoiceStream] = []
        """Those of the batch that runs."""
        self.callbacks = Callbacks()
        self._arrived = asyncio.Event()
        self._gatherer: asyncio.Task[None] | None = None

    def stream(self) -> EngineVoiceStream:
        return EngineVoiceStream(self, self._instance.engine.new_state()[np.newaxis])

    def put(self, stream: EngineVoiceStream) -> None:
        """Has the frames of a stream judged in the next batch."""
        self._waiting[stream] = None
        self._arrived.set()
        if self._gatherer is None:
            self._begin()

    def remove(self, stream: EngineVoiceStream) -> None:
        """Nothing of a stream is judged any more."""
        self._waiting.pop(stream, None)

    async def close(self) -> None:
        """Ends the task; whoever waits is told that the server stops."""
        gatherer, self._gatherer = self._gatherer, None
        if gatherer is not None:
            gatherer.cancel()
            await asyncio.wait([gatherer])
        self._fail(shutting_down())

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
        streams = dict.fromkeys([*self._running, *self._waiting])
        self._running = []
        self._waiting.clear()
        for stream in streams:
            stream.fail(error)

    async def _gather(self) -> None:
        """Runs batch after batch until no stream sends frames any more."""
        loop = asyncio.get_running_loop()
        async with self._instance.slot(AT_ONCE, begun=True) as slot:
            while await self._heard():
                started = loop.time()
                await self._batch(slot)
                if (left := started + BEAT_SECONDS - loop.time()) > 0:
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
        taken = [(stream, *stream.next_frames()) for stream in self._waiting]
        self._waiting.clear()
        if not taken:  # the one that came has left again
            return
        streams = self._running = [stream for stream, _, _ in taken]
        pieces = [piece for _, _, pieces in taken for piece in pieces]
        batch = VoiceBatch([count for _, count, _ in taken], pieces, [stream.state for stream in streams])
        await slot.ask(batch.judge, CALL_SECONDS)
        self._running = []
        for stream, (probabilities, heard, state) in zip(streams, batch.judged(), strict=True):
            stream.judged(probabilities, heard, state)
            if stream.waits:
                self._waiting[stream] = None


class EngineVoiceStream:
    """VAD of one live stream. Its calls are judged one after the other."""

    __slots__ = ("_activity", "_asked", "_calls", "closed", "state")

    def __init__(self, activity: EngineVoiceActivity, state: Samples) -> None:
        self._activity = activity
        self.state = state
        """The engine's, shape (1, width)."""
        self._calls: list[_Call] = []
        self.closed = False
        self._asked: asyncio.Future[Samples] | None = None

    @property
    def waits(self) -> bool:
        """True if there are frames to be judged."""
        return bool(self._calls)

    def judge(self, frames: Samples, done: Done) -> None:
        if not self.closed:
            self._calls.append(_Call(self, frames, done))
            self._activity.put(self)

    async def probabilities(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of speech in each frame. Raises the EngineError of a failed batch; the next call starts anew."""
        if len(frames) == 0:
            return np.zeros(0, np.float32)
        asked: asyncio.Future[Samples] = asyncio.get_running_loop().create_future()
        self._asked = asked

        def answer(judged: Judged | BaseException) -> None:
            if asked.done():
                return
            if isinstance(judged, Judged):
                asked.set_result(np.array(judged.probabilities, np.float32))
            else:
                asked.set_exception(judged)

        self.judge(frames, answer)
        return await asked

    def close(self) -> None:
        self.closed = True
        self._calls.clear()
        self._activity.remove(self)
        if self._asked is not None:
            self._asked.cancel()

    def next_frames(self) -> tuple[int, list[Samples]]:
        """The frames for the next batch, at most `ROUNDS`, and how many there are."""
        pieces, count = [], 0
        for call in self._calls:
            piece = call.frames[len(call.levels) :][: ROUNDS - count]
            pieces.append(piece)
            count += len(piece)
            if count == ROUNDS:
                break
        return count, pieces

    def judged(self, probabilities: list[float], heard: list[float], state: Samples) -> None:
        """Takes what was found in them, and tells of calls that are through."""
        self.state = state
        begin = 0
        while self._calls:
            call = self._calls[0]
            end = begin + len(call.frames) - len(call.levels)
            call.probabilities += probabilities[begin:end]
            call.levels += heard[begin:end]
            if len(call.levels) < len(call.frames):
                break
            begin = end
            self._tell(self._calls.pop(0), Judged(call.probabilities, call.levels))

    def fail(self, error: BaseException) -> None:
        """Fails all calls, each with an error of its own, since a traceback grows with every raise."""
        while self._calls:
            self._tell(self._calls.pop(0), plain(error) if isinstance(error, STTSError) else error)

    def _tell(self, call: _Call, judged: Judged | BaseException) -> None:
        call.judged = judged
        self._activity.callbacks.put(call)


class _Call:
    """Frames of one stream that wait to be judged; called when they are."""

    __slots__ = ("done", "frames", "judged", "levels", "probabilities", "stream")

    def __init__(self, stream: EngineVoiceStream, frames: Samples, done: Done) -> None:
        self.stream = stream
        self.frames = frames
        self.done = done
        self.judged: Judged | BaseException | None = None
        self.probabilities: list[float] = []
        self.levels: list[float] = []

    def __call__(self) -> None:
        if self.judged is not None and not self.stream.closed:
            self.done(self.judged)
