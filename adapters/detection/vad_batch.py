"""A batch of voice activity: frames of many streams, in rounds of one frame a stream.

It is put together on the event loop and judged in a worker thread. There each call of numpy or of the network lets go
of the interpreter's lock, and under load waits longer for it than it works: so there are few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from stts.engine_api import Samples, VADEngine
from stts.vad.segmenter import INAUDIBLE_DBFS, audible, levels


class VoiceBatch:
    """Give it the streams with most frames first: so the streams of a round are the first ones of the round before."""

    def __init__(self, counts: Sequence[int], frames: Sequence[Samples], states: Sequence[Samples]) -> None:
        """`counts`: frames of each stream; `frames`: theirs, one stream's after the other's; `states`: (1, width)."""
        self._counts = counts
        numbers = np.array(counts)
        firsts = np.cumsum(numbers) - numbers
        self._widths = [int(np.count_nonzero(numbers > number)) for number in range(max(counts))]
        self._order = np.concatenate(
            [firsts[:0], *(firsts[:width] + number for number, width in enumerate(self._widths))]
        )
        self._frames = np.concatenate(frames)[self._order]
        """One round's after the other's."""
        self._states = [np.concatenate(states)]
        """Before the first round, and after each."""
        self._speech = np.zeros(len(self._frames), np.float32)
        self._levels = self._speech

    def judge(self, engine: VADEngine) -> None:
        """Runs it through the network. Blocking. Frames that nobody can hear are not looked at."""
        self._levels = levels(self._frames)
        loud = self._levels > INAUDIBLE_DBFS
        if len(quiet := np.flatnonzero(~loud)):
            loud[quiet] = audible(self._frames[quiet])
        end = 0
        for width in self._widths:
            begin, end = end, end + width
            frames, states = self._frames[begin:end], self._states[-1][:width]
            heard = np.flatnonzero(loud[begin:end])
            if len(heard) == width:
                self._speech[begin:end], after = engine.probabilities(frames, states)
            else:
                after = states.copy()
                if len(heard):
                    self._speech[begin + heard], after[heard] = engine.probabilities(frames[heard], states[heard])
            self._states.append(after)

    def judged(self) -> Iterator[tuple[list[float], list[float], Samples]]:
        """For each stream the probabilities and levels of its frames, and its state after them."""
        speech, heard = np.empty_like(self._speech), np.empty_like(self._speech)
        speech[self._order], heard[self._order] = self._speech, self._levels
        probabilities, decibels, end = speech.tolist(), heard.tolist(), 0
        for number, count in enumerate(self._counts):
            begin, end = end, end + count
            # A copy: a part of what was made for all would hold on to it.
            yield probabilities[begin:end], decibels[begin:end], self._states[count][number : number + 1].copy()
