"""Input that waits for a session's segmenter: audio, and between it the client's commands about its turns."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np

from stts.engine_api import Samples
from stts.errors import Conflict
from stts.streams.channel import Channel
from stts.streams.live import SAMPLE_RATE
from stts.vad.endpointing import FRAME_SECONDS

INBOX_SECONDS = 1.0
"""Audio that may wait to be looked at; whoever sends more waits."""

Command = Literal["commit", "clear", "stop", "finish"]


class Inbox:
    """One part of a session writes, another reads; both tell it how far the turns have come."""

    def __init__(self) -> None:
        self._waiting: Channel[Samples | Command] = Channel(INBOX_SECONDS)
        self._uncommitted = 0.0
        """Seconds given since the last turn or `clear`."""
        self._unread = 0.0
        """Seconds given that belong to no turn yet, because nobody has looked at them."""
        self._behind = 0.0
        """Seconds of these behind the audio that is looked at."""
        self._cleared = False
        """All that was given was to be forgotten."""
        self._clears: deque[int] = deque()
        """How often each waiting `clear` was asked for: those without audio between them are one."""
        self._stopped = False
        self.over = False
        """True if it takes no more, and all that was given has been looked at."""

    async def write(self, samples: Samples) -> None:
        await self._waiting.room()
        if (seconds := len(samples) / SAMPLE_RATE) and not self._stopped:
            self._uncommitted += seconds
            self._unread += seconds
            self._behind += seconds
            self._cleared = False
            self._waiting.put(samples, seconds)

    def commit(self) -> None:
        """The turn is over. Raises Conflict where nothing was given since the last one."""
        if self._stopped:
            return
        if not self._uncommitted:
            raise Conflict("There is no audio to commit.")
        self._uncommitted = 0.0
        self._waiting.put("commit", 0)

    def clear(self) -> bool:
        """Forgets the audio given so far. False: all of it has been."""
        self._uncommitted = 0.0
        if not self._cleared:
            self._cleared = True
            self._clears.append(1)
            self._waiting.put("clear", 0)
        elif self._clears:
            self._clears[-1] += 1
        else:
            return False
        return True

    def stop(self) -> None:
        """Takes no more. A turn that is open behind what was given so far is over."""
        if not self._stopped:
            self._stopped = True
            self._waiting.put("stop", 0)

    def finish(self) -> None:
        """No more is given."""
        self._waiting.put("finish", 0)
        self._waiting.close()

    async def read(self) -> AsyncGenerator[Samples | Command, None]:
        """Audio that has come meanwhile as one, between the commands: who is behind judges more at once."""
        while taken := await self._waiting.take():
            for item in _joined(taken):
                yield item
                self.over |= isinstance(item, str) and item == "stop"
        self.over = True

    @contextmanager
    def looking_at(self, samples: Samples) -> Iterator[None]:
        """While these are looked at, frame by frame. What is left at the end of them has been looked at too."""
        self._behind = self._unread - len(samples) / SAMPLE_RATE
        try:
            yield
        finally:
            self._unread = self._behind

    def next_frame(self) -> None:
        """Somebody looks at the next frame."""
        self._unread = max(self._behind, self._unread - FRAME_SECONDS)

    def turn_ended(self) -> None:
        """With the frame that is looked at; what follows it can be committed."""
        rest = self._unread if self._unread >= FRAME_SECONDS else 0.0
        self._uncommitted = min(self._uncommitted, rest)

    def clears(self) -> int:
        """Returns how often the `clear` that was read was asked for."""
        return self._clears.popleft()


def _joined(taken: list[Samples | Command]) -> Iterator[Samples | Command]:
    waiting: list[Samples] = []
    for item in taken:
        if not isinstance(item, str):
            waiting.append(item)
            continue
        if waiting:
            yield np.concatenate(waiting)
            waiting = []
        yield item
    if waiting:
        yield waiting[0] if len(waiting) == 1 else np.concatenate(waiting)
