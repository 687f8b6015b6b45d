"""Frames of one text on their way: written while the answer comes, read in the pace of the voice by another thread."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

from clients.discord.ogg import SILENCE

CUSHION = 5
"""Frames that are there before the voice begins, or goes on after it ran dry: 100 ms."""
MOST_FRAMES = 15_000
"""Frames that are kept: five minutes, some 2 MB."""


class Frames:
    """Opus frames of 20 ms. Where the next one has not come, silence is read, so that nothing breaks off."""

    def __init__(self, most: int = MOST_FRAMES) -> None:
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._frames: deque[bytes] = deque()
        self._ended = False
        self._failed = False
        self._dry = True
        self._changed = asyncio.Event()
        self.read_frames = 0
        """Frames of the text that were read."""
        self.silent_frames = 0
        """Frames of silence that were read in the middle, because the answer was late."""

    @property
    def done(self) -> bool:
        """Says that all of it was read, or that nobody wants the rest."""
        with self._lock:
            return self._ended and not self._frames

    @property
    def ended(self) -> bool:
        return self._ended

    @property
    def whole(self) -> bool:
        """Says that all of the text was made, and read to its end."""
        return self.done and bool(self.read_frames) and not self._failed

    async def put(self, frame: bytes) -> bool:
        """Adds a frame, once there is room; False: nobody wants it any more."""
        while len(self._frames) >= self._most and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        with self._lock:
            if not self._ended:
                self._frames.append(frame)
            wanted, enough = not self._ended, len(self._frames) == CUSHION
        if enough:
            self._changed.set()
        return wanted

    def end(self) -> None:
        """Tells that nothing more comes; what is there is read."""
        with self._lock:
            self._ended = True
        self._changed.set()

    def fail(self) -> None:
        """Tells that nothing more comes, though it is not the end; what is there is read."""
        self._failed = True
        self.end()

    def cancel(self) -> None:
        """Forgets what is there, so that the voice ends."""
        with self._lock:
            self._failed = self._failed or bool(self._frames) or not self._ended
            self._ended = True
            self._frames.clear()
        self._changed.set()

    async def begun(self) -> bool:
        """Waits until there is enough to begin with; False: it ended without a frame."""
        while len(self._frames) < CUSHION and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        return bool(self._frames)

    def read(self) -> bytes:
        """The next frame, silence where it is late, or nothing at the end. The voice's thread asks, and never waits."""
        with self._lock:
            if not self._frames and self._ended:
                return b""
            if self._frames and (self._ended or not self._dry or len(self._frames) >= CUSHION):
                self._dry = False
                self.read_frames += 1
                frame, room = self._frames.popleft(), len(self._frames) == self._most - 1
            else:
                self._dry = True
                self.silent_frames += 1
                return SILENCE
        if room:
            self._loop.call_soon_threadsafe(self._changed.set)
        return frame
