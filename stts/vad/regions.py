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
from stts.vad.cutting import quietest
from stts.vad.rules import RegionRules
from stts.vad.segmenter import SpeechCounter, audible, frames_in

FRAMES = 32
"""Judged at once."""


@dataclass(frozen=True, slots=True)
class Region:
    start: float
    """Seconds from the start of the recording."""
    samples: Samples


class RegionFinder:
    """Finds the regions of one recording: `push()` blocks of any size, then `finish()`."""

    def __init__(self, vad: VADEngine, rules: RegionRules) -> None:
        self._vad = vad
        self._frame = vad.frame_samples
        self._regions = RegionBuilder(rules, self._frame)
        self._states = vad.new_state()[np.newaxis]
        self._rest: Samples = np.zeros(0, np.float32)
        """Samples that do not fill a frame yet."""

    def push(self, block: Samples) -> Iterator[Region]:
        """Takes the next samples, and gives the regions that they complete."""
        samples = np.concatenate((self._rest, block))
        whole = len(samples) - len(samples) % self._frame
        self._rest = samples[whole:].copy()
        frames = samples[:whole].reshape(-1, self._frame)
        for start in range(0, len(frames), FRAMES):
            yield from self._judge(frames[start : start + FRAMES])

    def finish(self) -> Iterator[Region]:
        """Gives the region that is still open at the end of the recording."""
        if len(self._rest):
            yield from self._judge(np.pad(self._rest, (0, self._frame - len(self._rest)))[np.newaxis])
        yield from self._regions.finish()

    def _judge(self, frames: Samples) -> Iterator[Region]:
        for frame, probability in zip(frames, self._probabilities(frames).tolist(), strict=True):
            yield from self._regions.push(frame, probability)

    def _probabilities(self, frames: Samples) -> Samples:
        """Asks how probable speech is. What nobody can hear is not asked about, so that hours of it cost nothing."""
        heard = audible(frames)
        found = np.zeros(len(frames), np.float32)
        if count := np.count_nonzero(heard):
            found[heard], self._states = self._vad.judge(frames[heard], np.array([count]), self._states)
        return found


class RegionBuilder:
    """Builds the regions of one recording from frames that somebody has judged: `push()` each, then `finish()`."""

    def __init__(self, rules: RegionRules, frame_samples: int) -> None:
        self._frame = frame_samples
        self._frame_seconds = frame_samples / STT_SAMPLE_RATE
        self._threshold = rules.threshold
        self._min_speech = self._frames(rules.min_speech)
        self._min_silence = self._frames(rules.min_silence)
        self._padding = self._frames(rules.padding)
        self._max = max(2, int(rules.max_seconds / self._frame_seconds))
        self._kept: deque[Samples] = deque()
        """The open region, or what may become the padding of the next one."""
        self._first = 0
        """Number of the first kept frame, counted from the start of the recording."""
        self._counter = SpeechCounter()
        """Its sound is the open region, if there is one."""

    def push(self, frame: Samples, probability: float) -> Iterator[Region]:
        """Takes the next frame, with the probability that it is speech, and gives the region that it completes."""
        counter = self._counter
        self._kept.append(frame)
        counter.count(counter.is_speech(probability, self._threshold))
        if not counter.open:
            self._drop(len(self._kept) - self._padding)
        elif counter.silence >= self._min_silence:
            yield from self._close()
        elif len(self._kept) >= self._max:
            yield self._cut()

    def finish(self) -> Iterator[Region]:
        """Gives the region that is still open at the end of the recording."""
        if self._counter.open:
            yield from self._close()

    def _close(self) -> Iterator[Region]:
        counter = self._counter
        frames = len(self._kept) - max(0, counter.silence - self._padding)
        # None are left where the region was cut after its last speech.
        if counter.speech >= self._min_speech and frames > 0:
            yield self._region(frames)
        counter.end_sound()
        self._drop(len(self._kept) - self._padding)

    def _cut(self) -> Region:
        at = quietest(np.concatenate(self._kept), self._frame) // self._frame
        region = self._region(at)
        self._drop(at)
        self._counter.speech = max(self._min_speech, len(self._kept) - self._counter.silence)
        return region

    def _region(self, frames: int) -> Region:
        samples = np.concatenate(list(islice(self._kept, frames)))
        return Region(self._first * self._frame_seconds, samples)

    def _drop(self, frames: int) -> None:
        for _ in range(frames):
            self._kept.popleft()
            self._first += 1

    def _frames(self, seconds: float) -> int:
        return frames_in(seconds, self._frame_seconds)
