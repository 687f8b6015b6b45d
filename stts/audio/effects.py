"""What a voice goes through on its way out: pitch, speed, loudness, sample rate and a peak limit, in a stream.

Only what is asked for is in the chain. The limiter comes last, after the resampler, because resampling can raise peaks.
"""

from __future__ import annotations

import numpy as np

from stts.audio.filters import FilterChain
from stts.engine_api import Samples

PEAK_LIMIT = 10 ** (-1 / 20)
"""-1 dBFS, as an amplitude."""

_LIMITER = ("alimiter", f"limit={PEAK_LIMIT:.6f}:attack=2:release=50:level=false:latency=true")
"""Looks 2 ms ahead, which is all it holds back; below the limit samples pass unchanged."""
_SEMITONES_PER_OCTAVE = 12
_STRETCH_TAIL_SECONDS = 0.25
"""Longer than what a chain of `atempo` holds back, in seconds of its output."""


class Effects:
    """One per answer.

    speed: factor, the pitch stays; pitch: semitones, the speed stays; normalize: integrated loudness in LUFS
    (-70..-5), which holds 3 s of audio back. n samples in give n * rate_out / rate_in / speed out, after `finish()`.
    """

    def __init__(
        self, rate_in: int, rate_out: int, *, speed: float = 1.0, pitch: float = 0.0, normalize: float | None = None
    ) -> None:
        self._rate_in = rate_in
        self._ratio = rate_out / rate_in / speed
        self._speed = speed
        self._stretches = speed != 1.0 or pitch != 0.0
        self._samples_in = 0
        self._samples_out = 0
        filters = [
            *_pitch_and_speed(rate_in, pitch, speed),
            *_loudness(normalize),
            ("aresample", str(rate_out)),
            _LIMITER,
        ]
        self._chain = FilterChain(rate_in, rate_out, filters)

    def push(self, samples: Samples) -> Samples:
        self._samples_in += len(samples)
        return self._count(self._chain.push(samples))

    def finish(self) -> Samples:
        """What the chain still holds. Nothing may be pushed after that."""
        due = round(self._samples_in * self._ratio) - self._samples_out
        if not self._stretches:
            return self._count(self._chain.finish())
        return self._count(self._finish_stretch()[: max(0, due)])

    def _finish_stretch(self) -> Samples:
        """`atempo` swallows a part of its last window: silence follows the voice, so that silence is what it takes."""
        tail = np.zeros(int(_STRETCH_TAIL_SECONDS * self._rate_in * max(1.0, self._speed)), np.float32)
        rest = self._chain.push(tail)
        return np.concatenate([rest, self._chain.finish()])

    def _count(self, samples: Samples) -> Samples:
        self._samples_out += len(samples)
        return samples


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
