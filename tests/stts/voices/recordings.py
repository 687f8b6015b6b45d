"""Recordings that are no good voices, and parts of one that is: a person's, from an installed package."""

from __future__ import annotations

import io
from functools import cache

import numpy as np

from stts.audio.wav import whole_file
from stts.engine_api import Samples
from tests.engines.speech import person, read

RATE = 48_000
"""Hz of all that is made here, but for what lies above 24 kHz."""


@cache
def speech() -> Samples:
    """A person reading aloud for 44 seconds."""
    return read(person(), rate=RATE)


def noise(seconds: float, power: float, rate: int = RATE) -> Samples:
    """White noise; `power` is its mean square."""
    generator = np.random.default_rng(11)
    samples: Samples = (generator.standard_normal(round(seconds * rate)) * np.sqrt(power)).astype(np.float32)
    return samples


def music(seconds: float, rate: int = RATE) -> Samples:
    """Chords of four notes with their overtones, a new one each half second."""
    times = np.arange(round(0.5 * rate)) / rate
    chords = []
    for root in np.tile((220.0, 174.6, 196.0, 261.6), round(seconds / 2) + 1)[: round(seconds * 2)]:
        notes = [root * ratio * over for ratio in (1, 1.25, 1.5, 2) for over in (1, 2, 3)]
        chords.append(sum(np.sin(2 * np.pi * note * times) / (1 + index) for index, note in enumerate(notes)))
    return (0.2 * np.concatenate(chords)).astype(np.float32)


def ultrasound(seconds: float, rate: int = 96_000) -> Samples:
    """Noise around 40 kHz, at half of full scale: nobody hears it."""
    spectrum = np.fft.rfft(noise(seconds, 0.1, rate))
    spectrum[np.fft.rfftfreq(round(seconds * rate), 1 / rate) < 38_000] = 0
    samples = np.fft.irfft(spectrum)
    scaled: Samples = (0.5 * samples / np.abs(samples).max()).astype(np.float32)
    return scaled


def wav(samples: Samples, rate: int = RATE) -> io.BytesIO:
    return io.BytesIO(whole_file(samples, rate))
