"""Sound on its way to one device, whose own thread takes it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

SAMPLE_BYTES = 2
STALL_SECONDS = 4.0
"""Time without a pull after which a device is taken for gone, whatever its system says: some look two seconds ahead."""


class Lane:
    """Blocks are shared between lanes and copied by none, so that two devices cost the memory of one."""

    def __init__(self, rate: int, clock: Callable[[], float], changed: Callable[[], None] = lambda: None) -> None:
        self._second = rate * SAMPLE_BYTES
        self._clock = clock
        self._changed = changed
        self._parts: deque[memoryview] = deque()
        self._lock = threading.Lock()
        self._left = 0
        self._heard = 0
        self._pulled_at = clock()
        self.began: float | None = None
        """When the device took the first of this sound."""

    def begin(self) -> None:
        """Another sound; what was not played of the last one is forgotten."""
        self.drop()
        with self._lock:
            self._heard = 0
            self.began = None

    def write(self, block: bytes) -> None:
        with self._lock:
            self._parts.append(memoryview(block))
            self._left += len(block)

    def pull(self, frames: int) -> bytes:
        """The next frames, silence where there is nothing."""
        wanted = frames * SAMPLE_BYTES
        taken: list[memoryview] = []
        size = 0
        with self._lock:
            self._pulled_at = self._clock()
            while self._parts and size < wanted:
                part = self._parts.popleft()
                if len(part) > wanted - size:
                    self._parts.appendleft(part[wanted - size :])
                    part = part[: wanted - size]
                taken.append(part)
                size += len(part)
            if size and self.began is None:
                self.began = self._pulled_at
            self._left -= size
            self._heard += size
        if size:
            self._changed()
        return b"".join(taken).ljust(wanted, b"\0")

    def drop(self) -> None:
        """Forgets what was not played."""
        with self._lock:
            self._parts.clear()
            self._left = 0
        self._changed()

    @property
    def left(self) -> float:
        """Seconds that wait to be played."""
        return self._left / self._second

    @property
    def heard(self) -> float:
        """Seconds that the device has taken."""
        return self._heard / self._second

    @property
    def stalled(self) -> bool:
        """The device no longer takes anything, not even silence."""
        return self._clock() - self._pulled_at > STALL_SECONDS
