"""Finds the moment at which speech that is too long is cut, so that no word is parted."""

from __future__ import annotations

import numpy as np

from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.vad.segmenter import frames_in

WINDOW_SECONDS = 8.0
"""Reach back from the end in which the quietest moment is looked for; never more than half of the speech."""
WIDTH_SECONDS = 0.1
"""Loudness is averaged over so much."""
FRAME = 512
"""Samples: the resolution where the caller needs no other."""


def quietest(samples: Samples, frame: int = FRAME) -> int:
    """Returns the sample at which to cut, a multiple of `frame`: the quietest recent moment, the very end left out.

    What is too short to be cut (less than two frames) is cut at its end.
    """
    count = len(samples) // frame
    if count < 2:
        return len(samples)
    seconds = frame / STT_SAMPLE_RATE
    window = min(count // 2, frames_in(WINDOW_SECONDS, seconds))
    recent = samples[(count - window) * frame : count * frame].reshape(window, frame)
    powers = np.mean(np.square(recent), axis=1)
    width = min(frames_in(WIDTH_SECONDS, seconds), window)
    loudness = np.convolve(powers, np.ones(width), mode="valid")
    return (count - window + int(np.argmin(loudness)) + (width + 1) // 2) * frame
