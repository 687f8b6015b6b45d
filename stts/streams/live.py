"""Input that is still being made while it is worked on: text to speak, audio to recognise. One writer, one reader."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stts.streams.channel import Channel

SAMPLE_RATE = 16_000
"""Hz of all live audio."""


class Mark(Enum):
    """Marks between the items of a live input."""

    FLUSH = "flush"
    """Speak the text written so far, even inside a clause."""
    CHECKPOINT = "settle"
    """Finalise the transcript so far as if this were the end; more audio may come."""


class LiveText:
    """A text that is still being written, by a language model or a typist."""

    def __init__(self, limit: int) -> None:
        """`limit`: characters that may wait to be spoken before `room()` waits."""
        self._channel: Channel[str | Literal[Mark.FLUSH]] = Channel(limit)
        self.characters = 0
        """Characters written so far."""
        self._flushed = 0
        self._kept: list[str | Literal[Mark.FLUSH]] | None = None
        self._most_kept = self._room_kept = 0
        self._given_back: list[str | Literal[Mark.FLUSH]] = []

    def write(self, text: str) -> None:
        if text:
            self._channel.put(text, len(text))
            self.characters += len(text)

    def flush(self) -> None:
        """Marks the text so far as ready to be spoken; does nothing if no text came since the last mark."""
        if self.characters > self._flushed:
            self._flushed = self.characters
            self._channel.put(Mark.FLUSH, 0)

    def close(self) -> None:
        """The text is complete."""
        self._channel.close()

    async def room(self) -> None:
        await self._channel.room()

    async def take(self) -> list[str | Literal[Mark.FLUSH]]:
        """All that was written and not yet taken, once there is something; empty at the end."""
        parts, self._given_back = self._given_back, []
        if not parts:
            parts = await self._channel.take()
        if self._kept is not None:
            self._kept += parts
            self._room_kept -= sum(len(part) for part in parts if isinstance(part, str))
            if self._room_kept < 0:
                self._kept = None
        return parts

    def give_back(self, parts: Iterable[str | Literal[Mark.FLUSH]]) -> None:
        """Returns items that the reader only looked at; they are taken again before anything else."""
        self._given_back = [*parts, *self._given_back]

    def keep(self, most: int) -> None:
        """Keeps what is taken from now on, up to so many characters, so that it can be taken again."""
        self._kept, self._most_kept, self._room_kept = [], most, most

    def rewind(self) -> bool:
        """Lets another reader take again all that was taken since `keep`. False: it was too much to be kept."""
        if self._kept is None:
            return False
        self.give_back(self._kept)
        self._kept, self._room_kept = [], self._most_kept
        return True

    def settle(self) -> None:
        """Forgets what was kept: nobody takes it again."""
        self._kept = None


class LiveAudio:
    """One utterance that is still being spoken: mono float32 at 16 kHz."""

    def __init__(
        self,
        limit: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        judged: bool = True,
        before: float = 0.0,
    ) -> None:
        """`limit`: seconds that may wait to be heard before `room()` waits.

        `before`: seconds at its beginning that were spoken earlier, and kept until somebody knew that they are of it.
        """
        self.judged = judged
        """True if VAD has found speech in it; if not, it may hold long silence before and between speech."""
        self._channel: Channel[NDArray[np.float32] | Literal[Mark.CHECKPOINT]] = Channel(limit)
        self._clock = clock
        self._before = before
        self._kept: list[NDArray[np.float32] | Literal[Mark.CHECKPOINT]] | None = None
        self._most_kept = self._room_kept = 0.0
        self._again: list[NDArray[np.float32] | Literal[Mark.CHECKPOINT]] = []
        self._begun: float | None = None
        """Latest time on the clock at which the first sample was spoken."""
        self.seconds = 0.0
        """Written so far."""
        self.early = 0.0
        """Most seconds by which a sample came earlier than real time allows."""
        self.probabilities = array("f")
        """Probability of speech in each frame that was written, from 0 to 1; empty where nobody judged the first."""

    @property
    def lead(self) -> float:
        """Seconds by which the audio is ahead of real time; negative: behind."""
        return 0.0 if self._begun is None else self.seconds - (self._clock() - self._begun)

    @property
    def waiting(self) -> float:
        """Seconds not yet taken."""
        return self._channel.weight

    def write(self, samples: NDArray[np.float32], probability: float | Sequence[float] | None = None) -> None:
        """`probability`: of speech, of a frame or of each of several. Where judging ends half-way, all that follows
        counts as speech."""
        if not len(samples):
            return
        if isinstance(probability, Sequence):
            self.probabilities.extend(probability)
        elif probability is not None or self.probabilities:
            self.probabilities.append(1.0 if probability is None else probability)
        now = self._clock()
        if self._begun is None:
            self._begun = now - self._before
        seconds = len(samples) / SAMPLE_RATE
        self._channel.put(samples, seconds)
        self.seconds += seconds
        if (early := self.seconds - (now - self._begun)) > self.early:
            self.early = early

    def checkpoint(self) -> None:
        self._channel.put(Mark.CHECKPOINT, 0, urgent=True)

    def close(self) -> None:
        """The utterance is over."""
        self._channel.close()

    @property
    def has_room(self) -> bool:
        return self._channel.has_room

    async def room(self) -> None:
        await self._channel.room()

    def keep(self, most: float) -> None:
        """Keeps what is taken from now on, up to so many seconds, so that it can be taken again."""
        self._kept, self._most_kept, self._room_kept = [], most, most

    def rewind(self) -> bool:
        """Lets another reader take again all that was taken since `keep`. False: it was too much to be kept."""
        if self._kept is None:
            return False
        self._again, self._kept, self._room_kept = [*self._kept, *self._again], [], self._most_kept
        return True

    def settle(self) -> None:
        """Forgets what was kept: nobody takes it again."""
        self._kept = None

    async def take(self, least: float = 0.0) -> list[NDArray[np.float32] | Literal[Mark.CHECKPOINT]]:
        """All that was written and not yet taken, once there are so many seconds, or a mark; empty at the end."""
        pieces, self._again = self._again, []
        if not pieces:
            pieces = await self._channel.take(least)
        if self._kept is not None:
            self._kept += pieces
            self._room_kept -= sum(len(piece) for piece in pieces if not isinstance(piece, Mark)) / SAMPLE_RATE
            if self._room_kept < 0:
                self._kept = None
        return pieces
