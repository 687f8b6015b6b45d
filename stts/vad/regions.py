"""Finds the regions of speech in a recording. Pure: blocks of samples in, regions out, by way of a VAD engine.

A region opens at the first frame of speech and closes after enough silence, with some padding kept on both sides. A
region that grows to the engine's limit is cut at its quietest recent moment, and the next begins exactly there, so no
word is lost and none is heard twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from stts.engine_api import STT_SAMPLE_RATE, Samples, VADEngine
from stts.vad.rules import RegionRules

HYSTERESIS = 0.15
"""Speech goes on down to this much below the threshold at which it began."""

INAUDIBLE = 1e-4
"""Amplitude, -80 dB of full scale, below which a frame is silence whatever else it is."""

CUT_WINDOW_SECONDS = 8.0
"""How far back from the limit of a region its quietest moment is looked for."""

CUT_WIDTH_SECONDS = 0.1
"""Over which loudness is averaged when looking for the quietest moment."""


@dataclass(frozen=True, slots=True)
class Region:
    start: float
    """Seconds from the start of the recording."""
    samples: Samples


class RegionFinder:
    """Of one recording. `push()` blocks of any size, then `finish()`. Counts in frames of the VAD."""

    def __init__(self, vad: VADEngine, rules: RegionRules) -> None:
        self._vad = vad
        self._frame = vad.frame_samples
        self._frame_seconds = self._frame / STT_SAMPLE_RATE
        self._threshold = rules.threshold
        self._min_speech = self._frames(rules.min_speech)
        self._min_silence = self._frames(rules.min_silence)
        self._padding = self._frames(rules.padding)
        self._max = max(2, int(rules.max_seconds / self._frame_seconds))
        self._state = vad.new_state()
        self._rest: Samples = np.zeros(0, np.float32)
        """Samples that do not fill a frame yet."""
        self._kept: deque[Samples] = deque()
        """The open region, or what may become the padding of the next one."""
        self._first = 0
        """Number of the first kept frame, counted from the start of the recording."""
        self._open = False
        self._speech = 0
        """Frames of speech in the open region."""
        self._silence = 0
        """Frames since the last one of speech."""

    def push(self, block: Samples) -> Iterator[Region]:
        samples = np.concatenate((self._rest, block))
        whole = len(samples) - len(samples) % self._frame
        self._rest = samples[whole:].copy()
        for start in range(0, whole, self._frame):
            yield from self._hear(samples[start : start + self._frame])

    def finish(self) -> Iterator[Region]:
        """The region that is still open at the end of the recording."""
        if len(self._rest):
            yield from self._hear(np.pad(self._rest, (0, self._frame - len(self._rest))))
        if self._open:
            yield from self._close()

    def _hear(self, frame: Samples) -> Iterator[Region]:
        probability = self._probability(frame)
        self._kept.append(frame)
        if probability >= self._threshold - (HYSTERESIS if self._open else 0.0):
            self._open = True
            self._speech += 1
            self._silence = 0
        else:
            self._silence += 1
        if not self._open:
            self._drop(len(self._kept) - self._padding)
        elif self._silence >= self._min_silence:
            yield from self._close()
        elif len(self._kept) >= self._max:
            yield self._cut()

    def _probability(self, frame: Samples) -> float:
        """Of speech. Hours of nothing cost nothing: what nobody can hear is not looked at."""
        if float(np.max(np.abs(frame))) < INAUDIBLE:
            return 0.0
        probabilities, (self._state,) = self._vad.probabilities(frame[np.newaxis], [self._state])
        return float(probabilities[0])

    def _close(self) -> Iterator[Region]:
        frames = len(self._kept) - max(0, self._silence - self._padding)
        # None are left where the region was cut after its last speech.
        if self._speech >= self._min_speech and frames > 0:
            yield self._region(frames)
        self._open = False
        self._speech = self._silence = 0
        self._drop(len(self._kept) - self._padding)

    def _cut(self) -> Region:
        at = self._quietest()
        region = self._region(at)
        self._drop(at)
        self._speech = max(self._min_speech, len(self._kept) - self._silence)
        return region

    def _quietest(self) -> int:
        """The frame before which the region is quietest, within the cut window, its very end left out."""
        window = min(len(self._kept) // 2, self._frames(CUT_WINDOW_SECONDS))
        recent = np.stack(list(islice(self._kept, len(self._kept) - window, None)))
        powers = np.mean(np.square(recent), axis=1)
        width = min(self._frames(CUT_WIDTH_SECONDS), window)
        loudness = np.convolve(powers, np.ones(width), mode="valid")
        return len(self._kept) - window + int(np.argmin(loudness)) + (width + 1) // 2

    def _region(self, frames: int) -> Region:
        samples = np.concatenate(list(islice(self._kept, frames)))
        return Region(self._first * self._frame_seconds, samples)

    def _drop(self, frames: int) -> None:
        for _ in range(frames):
            self._kept.popleft()
            self._first += 1

    def _frames(self, seconds: float) -> int:
        return max(1, round(seconds / self._frame_seconds))
