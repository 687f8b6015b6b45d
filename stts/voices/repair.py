"""Repairs a part of a recording, as far as that is safe: nothing of the voice itself is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from stts.audio.decode import Decoder
from stts.audio.level import active_level
from stts.engine_api import Samples
from stts.voices.figures import Figures, Window
from stts.voices.measure import Checkpoint

MOST_OFFSET = 1e-3
"""Mean of the samples up to which nobody hears a click where it begins."""
PEAK = 0.891
"""Highest sample after a repair, -1 dBFS."""
MOST_PEAK = 0.98
QUIET = -32.0
"""dBFS below which a voice is brought to WANTED."""
WANTED = -23.0
FADE_SECONDS = 0.01
BLOCK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Repaired:
    samples: Samples
    """Mono."""
    done: Sequence[str]
    """Among: offset, level, peak, edges."""


def repaired(samples: Samples, rate: int) -> Repaired:
    """Takes out a constant offset, brings level and peak to where engines expect them, and fades the edges."""
    done = []
    offset = float(samples.mean(dtype=np.float64)) if len(samples) else 0.0
    if abs(offset) > MOST_OFFSET:
        samples = samples - np.float32(offset)
        done.append("offset")
    peak = float(np.abs(samples).max(initial=0.0))
    level = active_level(samples, rate)
    if level is not None and level < QUIET and peak > 0:
        gain = min(10 ** ((WANTED - level) / 20), PEAK / peak)
        samples, peak = samples * np.float32(gain), peak * gain
        done.append("level")
    if peak > MOST_PEAK:
        samples = samples * np.float32(PEAK / peak)
        done.append("peak")
    length = min(round(FADE_SECONDS * rate), len(samples) // 2)
    edges = [float(np.abs(edge).max(initial=0.0)) for edge in (samples[:1], samples[len(samples) - 1 :])]
    if length and max(edges) > MOST_OFFSET:
        ramp = np.linspace(0, 1, length, dtype=np.float32)
        samples = samples.copy()
        samples[:length] *= ramp
        samples[-length:] *= ramp[::-1]
        done.append("edges")
    return Repaired(samples, done)


def cut_out(file: BinaryIO, window: Window, rate: int, *, checkpoint: Checkpoint = lambda: None) -> Samples:
    """The mono samples of a part of a recording, decoded up to its end. Only the part is held in memory.

    Raises UndecodableAudio.
    """
    decoder = Decoder(file, sample_rate=rate, max_seconds=window.end + 2 * BLOCK_SECONDS, block_seconds=BLOCK_SECONDS)
    first, last = round(window.start * rate), round(window.end * rate)
    parts: list[Samples] = []
    place = 0
    for block in decoder:
        checkpoint()
        if place + len(block) > first:
            parts.append(block[max(0, first - place) : last - place].copy())
        place += len(block)
        if place >= last:
            break
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def needed(figures: Figures, window: Window) -> Sequence[str]:
    """Names of the repairs that `figures` call for, before any is made."""
    wanted = {
        "mono": (figures.channels or 1) > 1,
        "offset": abs(figures.offset) > MOST_OFFSET,
        "level": figures.level is not None and figures.level < QUIET,
        "peak": figures.peak is not None and 10 ** (figures.peak / 20) > MOST_PEAK,
        "window": window.seconds < figures.seconds - BLOCK_SECONDS,
    }
    return [name for name, is_wanted in wanted.items() if is_wanted]
