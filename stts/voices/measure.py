"""Measures a recording by decoding all of it, block by block: three hours take no more memory than a minute."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from stts.audio.container import sniff
from stts.audio.decode import Decoder
from stts.engine_api import Samples
from stts.voices.figures import Figures, Window
from stts.voices.levels import FrameLevels
from stts.voices.spectrum import MeanSpectrum
from stts.voices.windows import SLOT_SECONDS, best_window

RATES = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""Hz at which recordings are looked at: nothing that is heard lies above half of the last."""
FULL_SCALE = 0.985
"""Samples of at least this, side by side, are clipped."""
WINDOW_SECONDS = 30.0
"""Longest part that an engine is given, where it does not say."""
FRAMES = 5
"""Frames of 20 ms in a slot."""

Checkpoint = Callable[[], None]
"""Called between blocks; what it raises ends the work."""


class Meter:
    """Takes the mono samples of one recording in order, in blocks of any length."""

    def __init__(self, rate: int) -> None:
        """`rate`: one of RATES."""
        self.rate = rate
        self._slot = round(rate * SLOT_SECONDS)
        self._rest: Samples = np.zeros(0, np.float32)
        self._levels = FrameLevels()
        self._spectrum = MeanSpectrum(rate)
        self._powers = array("f")
        """Mean square of each slot."""
        self._clipped = array("b")
        """1 for each slot with clipped samples."""
        self._samples = self._clipped_samples = 0
        self._sum = self._peak = 0.0

    def push(self, block: Samples) -> None:
        self._samples += len(block)
        self._sum += float(block.sum(dtype=np.float64))
        self._peak = max(self._peak, float(np.abs(block).max(initial=0.0)))
        self._spectrum.add(block)
        joined = np.concatenate((self._rest, block))
        whole = len(joined) // self._slot * self._slot
        self._rest = joined[whole:]
        self._slots(joined[:whole])

    def figures(self, *, sample_rate: int | None, channels: int | None, longest: float = WINDOW_SECONDS) -> Figures:
        """The figures of all that was pushed. `longest`: seconds of the window at most."""
        if len(self._rest):
            self._slots(np.pad(self._rest, (0, self._slot - len(self._rest))))
            self._rest = self._rest[:0]
        threshold, seconds = self._levels.threshold, self._samples / self.rate
        share, power = (0.0, 0.0) if threshold is None else self._levels.sounding(threshold)
        powers, clipped = np.frombuffer(self._powers, np.float32), np.frombuffer(self._clipped, np.bool_)
        window = best_window(powers, clipped, threshold, longest)
        return Figures(
            seconds=seconds,
            sample_rate=sample_rate,
            channels=channels,
            level=None if threshold is None else 10 * math.log10(power),
            peak=20 * math.log10(self._peak) if self._peak > 0 else None,
            offset=self._sum / max(1, self._samples),
            clipping=self._clipped_samples / max(1, self._samples),
            signal_to_noise=None if threshold is None else self._levels.signal_to_noise(threshold),
            silence=1.0 - share,
            sounding_seconds=share * seconds,
            bandwidth=self._spectrum.bandwidth,
            window=Window(window.start, min(window.end, seconds)),
        )

    def _slots(self, samples: Samples) -> None:
        """Whole slots."""
        if not len(samples):
            return
        frames = samples.reshape(-1, self._slot // FRAMES)
        powers = np.square(frames, dtype=np.float64).mean(axis=1)
        self._levels.add(powers)
        self._powers.frombytes(powers.reshape(-1, FRAMES).mean(axis=1).astype(np.float32).tobytes())
        high = np.abs(samples) >= FULL_SCALE
        high[1:-1] &= high[:-2] | high[2:]
        high = high.reshape(-1, self._slot)
        self._clipped_samples += int(high.sum())
        self._clipped.frombytes(high.any(axis=1).astype(np.int8).tobytes())


def measured(
    file: BinaryIO,
    *,
    max_seconds: float,
    longest: float = WINDOW_SECONDS,
    checkpoint: Checkpoint = lambda: None,
) -> Figures:
    """Decodes a recording of any container and measures it. Raises UndecodableAudio; AudioTooLong past `max_seconds`.

    `longest`: seconds of the best window at most.
    """
    media = sniff(file)
    meter = Meter(suitable_rate(media.sample_rate))
    for block in _blocks(file, meter.rate, max_seconds):
        checkpoint()
        meter.push(block)
    return meter.figures(sample_rate=media.sample_rate, channels=media.channels, longest=longest)


def suitable_rate(sample_rate: int | None) -> int:
    """The rate in Hz at which a recording of this rate loses nothing that is heard."""
    return next((rate for rate in RATES if sample_rate is not None and rate >= sample_rate), RATES[-1])


def _blocks(file: BinaryIO, rate: int, max_seconds: float) -> Iterator[Samples]:
    yield from Decoder(file, sample_rate=rate, max_seconds=max_seconds)
