"""Streaming audio effects: pitch, speed, loudness, resampling and a peak limiter.

Only what is asked for is in the chain. The limiter comes last, after the resampler, because resampling can raise peaks.
"""

from __future__ import annotations

import numpy as np

from stts.audio.filters import LOUDEST, SILENCE, FilterChain, bounded
from stts.engine_api import Samples

PEAK_LIMIT = 10 ** (-1 / 20)
"""-1 dBFS, as an amplitude."""

_ATTACK_SECONDS = 0.002
_LIMITER = ("alimiter", f"limit={PEAK_LIMIT:.6f}:attack={_ATTACK_SECONDS * 1000:g}:release=50:level=false:latency=true")
_SEMITONES_PER_OCTAVE = 12
_STRETCH_TAIL_SECONDS = 0.25
"""Seconds of output, more than a chain of `atempo` filters holds back."""


class Effects:
    """The effects chain of one answer.

    speed: factor, the pitch stays; pitch: semitones, the speed stays; normalize: integrated loudness in LUFS
    (-70..-5), which holds 3 s of audio back. n samples in give n * rate_out / rate_in / speed out, after `finish()`.
    """

    def __init__(
        self, rate_in: int, rate_out: int, *, speed: float = 1.0, pitch: float = 0.0, normalize: float | None = None
    ) -> None:
        stretch = _pitch_and_speed(rate_in, pitch, speed)
        filters = [*stretch, *_loudness(normalize)]
        self._chain = FilterChain(rate_in, rate_out, filters) if filters or rate_in != rate_out else None
        self._limiter = PeakLimiter(rate_out)
        self._ratio = rate_out / rate_in / speed
        self._samples_in = 0
        self._samples_out = 0
        # `atempo` swallows a part of its last window: silence follows the voice, so that silence is what it takes.
        self._tail = np.zeros(int(_STRETCH_TAIL_SECONDS * rate_in * max(1.0, speed)) if stretch else 0, np.float32)

    def push(self, samples: Samples) -> Samples:
        self._samples_in += len(samples)
        if self._chain is not None:
            samples = self._chain.push(samples)
        self._samples_out += len(samples)
        return self._limited(samples)

    def finish(self) -> Samples:
        """Flushes the chain and returns the last samples. Nothing may be pushed after that."""
        rest = SILENCE
        if self._chain is not None:
            rest = np.concatenate([self._chain.push(self._tail), self._chain.finish()])
        if len(self._tail):
            rest = rest[: max(0, round(self._samples_in * self._ratio) - self._samples_out)]
        return np.concatenate([self._limited(rest), self._limiter.finish()])

    def _limited(self, samples: Samples) -> Samples:
        # `loudnorm` makes NaN of short silence.
        return self._limiter.push(bounded(samples, LOUDEST))


class PeakLimiter:
    """Keeps peaks at `PEAK_LIMIT`. Looks 2 ms ahead, which is all it holds back; quieter streams pass untouched."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._held = SILENCE
        self._attack = round(_ATTACK_SECONDS * rate)
        self._chain: FilterChain | None = None
        """The limiter's filter, opened at the first peak: most voices have none."""

    def push(self, samples: Samples) -> Samples:
        if self._chain is not None:
            return self._chain.push(samples)
        if len(self._held):
            samples, self._held = np.concatenate([self._held, samples]), SILENCE
        if samples.max(initial=0.0) > PEAK_LIMIT or samples.min(initial=0.0) < -PEAK_LIMIT:
            self._chain = FilterChain(self._rate, self._rate, (_LIMITER,))
            return self._chain.push(samples)
        split = max(0, len(samples) - self._attack)
        self._held = samples[split:]
        return samples[:split]

    def finish(self) -> Samples:
        return self._chain.finish() if self._chain is not None else self._held


def _pitch_and_speed(rate: int, pitch: float, speed: float) -> list[tuple[str, str]]:
    """Pitch is a change of speed by resampling, undone by a stretch of time; both stretches are one."""
    shifted = round(rate * 2 ** (pitch / _SEMITONES_PER_OCTAVE))
    shift = [("asetrate", str(shifted)), ("aresample", str(rate))] if shifted != rate else []
    return [*shift, *_tempo(speed * rate / shifted)]


def _tempo(factor: float) -> list[tuple[str, str]]:
    """`atempo` sounds well between 0.5 and 2: several are chained beyond."""
    steps: list[float] = []
    while not 0.5 <= factor <= 2.0:
        steps.append(2.0 if factor > 2.0 else 0.5)
        factor /= steps[-1]
    if abs(factor - 1.0) > 1e-6:
        steps.append(factor)
    return [("atempo", f"{step:.9f}") for step in steps]


def _loudness(target: float | None) -> list[tuple[str, str]]:
    return [] if target is None else [("loudnorm", f"I={target:.2f}:TP=-1:LRA=11")]
