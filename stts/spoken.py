"""Sentences as an engine spoke them, in few bytes: what is kept of them to be heard again. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stts.engine_api import Samples
from stts.spoken_words import SpokenWord, Words

FULL_SCALE = 32_767
SAMPLE_BYTES = 2


@dataclass(frozen=True, slots=True)
class SpokenPiece:
    """The sound that an engine made of one piece of text, before level and effects."""

    data: bytes
    """16-bit samples, little-endian; the loudest of them is at full scale, so that a quiet voice loses nothing."""
    peak: float
    """Amplitude of the loudest."""
    pause: float
    """Most seconds of silence between it and the next piece."""
    words: Words = ()
    """Its words, by their places in the sentence as the engine is given it, in seconds of this sound."""

    @classmethod
    def of(cls, blocks: Sequence[Samples], pause: float, words: Sequence[SpokenWord] = ()) -> SpokenPiece:
        """A copy of the blocks."""
        samples = np.concatenate(blocks)
        peak = _peak(samples)
        if not math.isfinite(peak):
            samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
            peak = _peak(samples)
        scaled = np.rint(samples * np.float32(FULL_SCALE / peak)) if peak else samples
        return cls(scaled.astype("<i2").tobytes(), peak, pause, tuple(words))

    @property
    def samples(self) -> Samples:
        """The samples that the engine made, but for the rounding."""
        return np.frombuffer(self.data, "<i2").astype(np.float32) * np.float32(self.peak / FULL_SCALE)


def _peak(samples: Samples) -> float:
    """The greatest amplitude; NaN where one of them is none."""
    return float(np.maximum(samples.max(initial=0.0), -samples.min(initial=0.0)))


@dataclass(frozen=True, slots=True)
class SpokenSentence:
    """A sentence to its end, in the pieces in which it was spoken: one, unless it was long or a listener waited."""

    pieces: tuple[SpokenPiece, ...]

    def seconds(self, rate: int) -> float:
        """Length of its audio at this many Hz, the engine's."""
        return sum(len(piece.data) for piece in self.pieces) / SAMPLE_BYTES / rate
