"""The window of a region that a Whisper model is given: its sound, and a spectrogram as long as it needs.

Whisper was trained on windows of thirty seconds, and its usual libraries pad every region to that. Its encoder takes
shorter windows too, and with eight seconds of silence behind the speech it finds the same words for a third of the
work; with less it invents and repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.log_mel import HOP, log_mel, quiet_level
from stts.engine_api import STT_SAMPLE_RATE, Samples

WHOLE_SECONDS = 30.0
PADDING_SECONDS = 8.0
"""Silence behind the speech of a short window."""
LONGEST_SHORT_SECONDS = WHOLE_SECONDS - PADDING_SECONDS
"""Speech beyond which the window is whole."""
COLUMNS_PER_SECOND = STT_SAMPLE_RATE // HOP
STEP = COLUMNS_PER_SECOND // 2
"""Short windows are so many columns long, or a multiple: the encoder wants them even."""

FRAME = 512
"""Samples over which loudness is measured."""
FAINTEST = 3e-4
"""Loudness (-70 dBFS) up to which there is nothing."""
QUIET = 0.05
"""Part of the loudness of the loudest (-26 dB) up to which nothing is said."""
LOUD_PERCENTILE = 95
LEAST_SECONDS = 0.3
"""Sound without which nothing was said: of less, Whisper makes up sentences."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Where the sound of a region is."""

    start: float
    """Seconds from its beginning."""
    end: float
    seconds: float
    """Length of the sound between the two."""


def sound_of(samples: Samples) -> Sound | None:
    """Where there is sound in a region; None if there is too little for a word."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    if len(samples) < LEAST_SECONDS * STT_SAMPLE_RATE or not len(frames):
        return None
    levels = np.sqrt(np.mean(np.square(frames), axis=1))
    loud = np.flatnonzero(levels > max(FAINTEST, QUIET * float(np.percentile(levels, LOUD_PERCENTILE))))
    seconds = len(loud) * FRAME / STT_SAMPLE_RATE
    if seconds < LEAST_SECONDS:
        return None
    start, end = int(loud[0]) * FRAME, int(loud[-1] + 1) * FRAME
    return Sound(start / STT_SAMPLE_RATE, end / STT_SAMPLE_RATE, seconds)


def columns_of(seconds: float, *, whole: bool) -> int:
    """Columns of the window of so much speech."""
    most = round(WHOLE_SECONDS * COLUMNS_PER_SECOND)
    if whole or seconds > LONGEST_SHORT_SECONDS:
        return most
    needed = (seconds + PADDING_SECONDS) * COLUMNS_PER_SECOND
    return min(most, int(np.ceil(needed / STEP)) * STEP)


def spectrograms(regions: Sequence[Samples], columns: int, bands: int) -> NDArray[np.float32]:
    """The spectrograms of regions in windows of so many columns, shape (regions, bands, columns)."""
    made = np.empty((len(regions), bands, columns), np.float32)
    for target, samples in zip(made, regions, strict=True):
        mel = log_mel(np.pad(samples, (0, HOP)), bands)[:, :columns]
        target[:, : mel.shape[1]] = mel
        target[:, mel.shape[1] :] = quiet_level(mel)
    return made
