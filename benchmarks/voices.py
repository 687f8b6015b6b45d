"""Speech of callers: utterances of about three seconds, and sounds that mean nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from stts.audio.decode import Decoder
from stts.engine_api import STT_SAMPLE_RATE, Samples

FOLDER = Path(__file__).parent / "data"
AUDIBLE = 0.01
"""Amplitude, beside the loudest, from which a sample is part of the speech."""
EDGE_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Utterance:
    name: str
    samples: Samples
    start: float
    """Seconds at which its first sound begins."""
    end: float
    """Seconds at which its last sound ends."""


@cache
def utterances() -> tuple[Utterance, ...]:
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.flac")))


def _read(path: Path) -> Utterance:
    with path.open("rb") as file:
        samples = np.concatenate(list(Decoder(file, max_seconds=60)))
    audible = np.nonzero(np.abs(samples) > AUDIBLE * np.abs(samples).max())[0]
    return Utterance(path.stem, samples, audible[0] / STT_SAMPLE_RATE, (audible[-1] + 1) / STT_SAMPLE_RATE)


def burst(utterance: Utterance, seconds: float) -> Samples:
    """Its loudest moment, with soft edges: as near to speech as a noise or a cough can be."""
    count = round(seconds * STT_SAMPLE_RATE)
    power = np.convolve(np.square(utterance.samples), np.ones(count, np.float32), mode="valid")
    start = int(power.argmax())
    edge = np.minimum(np.arange(count), np.arange(count)[::-1]) / (EDGE_SECONDS * STT_SAMPLE_RATE)
    sound: Samples = (utterance.samples[start : start + count] * edge.clip(0, 1)).astype(np.float32)
    return sound
