"""A batch of voice activity: frames of many streams, of some several.

It is put together on the event loop and judged in a worker thread. There each call of numpy or of the network lets go
of the interpreter's lock, and under load waits longer for it than it works: so there are few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from stts.engine_api import Samples, VADEngine
from stts.vad.segmenter import INAUDIBLE_DBFS, audible, levels


class VoiceBatch:
    def __init__(self, counts: Sequence[int], frames: Sequence[Samples], states: Sequence[Samples]) -> None:
        """`counts`: frames of each stream; `frames`: theirs, one stream's after the other's; `states`: (1, width)."""
        self._counts = counts
        self._frames = np.concatenate(frames)
        self._states = np.concatenate(states)
        self._speech = self._levels = np.zeros(0, np.float32)

    def judge(self, engine: VADEngine) -> None:
        """Runs it through the network. Blocking. Frames that nobody can hear are not looked at."""
        frames, counts = self._frames, np.array(self._counts)
        self._levels = levels(frames)
        loud = self._levels > INAUDIBLE_DBFS
        if len(quiet := np.flatnonzero(~loud)):
            loud[quiet] = audible(frames[quiet])
        if loud.all():
            self._speech, self._states = engine.judge(frames, counts, self._states)
            return
        self._speech = np.zeros(len(frames), np.float32)
        heard = np.bincount(np.repeat(np.arange(len(counts)), counts)[loud], minlength=len(counts))
        if len(streams := np.flatnonzero(heard)):
            self._speech[loud], after = engine.judge(frames[loud], heard[streams], self._states[streams])
            self._states[streams] = after

    def judged(self) -> Iterator[tuple[list[float], list[float], Samples]]:
        """For each stream the probabilities and levels of its frames, and its state after them."""
        probabilities, decibels, end = self._speech.tolist(), self._levels.tolist(), 0
        for number, count in enumerate(self._counts):
            begin, end = end, end + count
            # A copy: a part of what was made for all would hold on to it.
            yield probabilities[begin:end], decibels[begin:end], self._states[number : number + 1].copy()
