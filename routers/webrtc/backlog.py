"""Audio on its way to a listener's track: bounded, taken frame by frame, silent where there is none.

Whatever ends before its time, because it was interrupted or because no more of it has come, ends in a short fade and
not with a click. A frame that is silent although somebody is speaking is counted: else nobody would see such gaps.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import numpy as np

from stts.engine_api import Samples

RATE = 24_000
"""Hz."""
FRAME_SECONDS = 0.02
FRAME = round(RATE * FRAME_SECONDS)
"""Samples."""
FADE = round(RATE * 0.01)
"""Samples of the fade at an end before its time."""
MOST_SECONDS = 0.16
"""Audio that may wait: whoever brings more waits."""


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


@dataclass(slots=True)
class Counts:
    """Frames of all tracks together."""

    spoken: int = 0
    """Those for which somebody was speaking."""
    starved: int = 0
    """Those of them for which there was no audio, or not enough."""


@dataclass(slots=True)
class Backlog:
    counts: Counts = field(default_factory=Counts)
    is_heard: bool = True
    """Somebody takes frames. Where nobody does, what is put is dropped."""
    speaking: bool = False
    """More is to come."""
    _waiting: Samples = field(default_factory=lambda: np.zeros(0, np.float32))
    _last: float = 0.0
    """The last sample that was taken."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def seconds(self) -> float:
        """Audio that waits."""
        return len(self._waiting) / RATE

    async def put(self, samples: Samples) -> None:
        """Takes the next audio, once there is room: at RATE, of any length."""
        if not self.is_heard:
            return
        self.speaking = True
        while self.seconds > MOST_SECONDS:
            await self._change()
        self._waiting = np.concatenate((self._waiting, samples))

    def end(self) -> None:
        """No more comes for now: what waits is the end of it."""
        self.speaking = False
        self._changed.set()

    def interrupt(self) -> None:
        """Drops what was not taken, but for a fade."""
        ramp = np.linspace(1.0, 0.0, FADE, dtype=np.float32)[: len(self._waiting)]
        self._waiting = self._waiting[: len(ramp)] * ramp
        self.end()

    async def drained(self) -> None:
        """Waits until all is taken and nothing more comes."""
        while len(self._waiting) or self.speaking:
            await self._change()

    def take(self) -> Samples:
        """The next frame."""
        frame = np.zeros(FRAME, np.float32)
        taken, self._waiting = self._waiting[:FRAME], self._waiting[FRAME:]
        frame[: len(taken)] = taken
        if len(taken):
            self._last = float(taken[-1])
        if len(taken) < FRAME:
            self._fade_out(frame, len(taken))
        if self.speaking:
            self.counts.spoken += 1
            self.counts.starved += len(taken) < FRAME
        self._changed.set()
        return frame

    def _fade_out(self, frame: Samples, begin: int) -> None:
        """Leads the last sample to silence."""
        length = min(FADE, FRAME - begin)
        frame[begin : begin + length] = np.linspace(self._last, 0.0, length, dtype=np.float32)
        self._last = 0.0

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
