"""Tells speech from silence, frame by frame. Pure: it is the same for a recording and for a live stream.

Speech begins at a threshold and goes on down to a little below it. The callers decide how much silence ends a sound:
`regions.py` cuts recordings into regions, `endpointing.py` finds the turns of a live stream.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stts.engine_api import Samples

HYSTERESIS = 0.15
"""Speech goes on down to this much below the threshold at which it began."""
INAUDIBLE_DBFS = -80.0
"""Decibels of full scale below which a frame is silence, however probable speech is."""
INAUDIBLE_PEAK = 1e-4
"""The same as an amplitude."""
QUIETEST_DBFS = -100.0
"""The level of silence, and the lowest of all."""


class SpeechCounter:
    """Counts the frames of speech and of silence in one sound after another."""

    def __init__(self) -> None:
        self.position = 0
        """Frames counted since the start of the stream."""
        self.end_sound()

    def end_sound(self) -> None:
        """Ends the sound: the next one begins at the full threshold. The position stays."""
        self.start = 0
        """Position of the sound's first frame; without a meaning before there is one."""
        self.speech = 0
        """Frames of speech in the sound."""
        self.silence = 0
        """Frames since the last one of speech."""

    @property
    def open(self) -> bool:
        """True if there is a sound that has not ended."""
        return self.speech > 0

    def is_speech(self, probability: float, threshold: float) -> bool:
        """Judges the next frame, which `count` then counts."""
        return probability >= (threshold - HYSTERESIS if self.speech else threshold)

    def count(self, speech: bool) -> None:
        """Counts the next frame."""
        if not speech:
            self.silence += 1
        else:
            if not self.speech:
                self.start = self.position
            self.speech += 1
            self.silence = 0
        self.position += 1


def audible(frames: Samples) -> NDArray[np.bool_]:
    """Tells for each frame, shape (..., samples), whether anybody can hear something in it. No samples: no."""
    return np.asarray(np.max(np.abs(frames), axis=-1, initial=0.0) >= INAUDIBLE_PEAK)


def levels(frames: Samples) -> NDArray[np.float32]:
    """Returns the decibels of full scale of each frame, shape (n, samples), by its mean power."""
    powers = np.einsum("ij,ij->i", frames, frames) / frames.shape[1]
    # What is no number (clients may send any floats) is silence: `fmax` takes the other of the two.
    loud = 10 * np.log10(np.fmax(powers, 10 ** (QUIETEST_DBFS / 10)))
    # Rounded, the power of silence is a little less.
    return np.asarray(np.maximum(loud, QUIETEST_DBFS), np.float32)


def frames_in(seconds: float, frame_seconds: float) -> int:
    """Returns how many frames are nearest to so many seconds, at least one."""
    return max(1, round(seconds / frame_seconds))
