"""Tells how many people speak in a recording that is to be a voice."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

import numpy as np

from stts.audio.decode import Decoder
from stts.audio.level import SILENT_POWER
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.voices.clustering import HowMany, Vectors, grouped

WINDOW_SECONDS = 2.0
MOST_WINDOWS = 60
"""Windows of a recording that are compared, from its beginning."""
LEAST_SHARE = 0.15
"""Share of what is heard from which a voice is another speaker, and no cough."""


def audible_windows(file: BinaryIO, checkpoint: Callable[[], None] = lambda: None) -> list[Samples]:
    """Stretches of two seconds of a recording in which something can be heard, at 16 kHz. Raises UndecodableAudio."""
    decoder = Decoder(file, sample_rate=STT_SAMPLE_RATE, max_seconds=float("inf"), block_seconds=WINDOW_SECONDS)
    windows: list[Samples] = []
    for block in decoder:
        checkpoint()
        if len(block) == round(WINDOW_SECONDS * STT_SAMPLE_RATE) and float(np.square(block).mean()) > SILENT_POWER:
            windows.append(block)
        if len(windows) == MOST_WINDOWS:
            break
    return windows


def count_speakers(vectors: Vectors, same: float) -> int:
    """How many people the vectors are of, each of the same time. `same`: cosine from which two are of one."""
    if not len(vectors):
        return 0
    labels, _ = grouped(vectors, np.ones(len(vectors), np.float32), same, HowMany())
    shares = np.bincount(labels) / len(vectors)
    return int((shares >= LEAST_SHARE).sum())
