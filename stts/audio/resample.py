"""Resampling of a live stream by ffmpeg, as files are resampled: samples in, samples out at another rate, 2 ms behind.

What listens hears other words at the least difference between samples: live audio and files go through one resampler.
Digital silence goes past it: whoever is silent or muted most of the time costs nothing then.
"""

from __future__ import annotations

import math

import numpy as np

from stts.audio import ffmpeg
from stts.audio.filters import SILENCE, FilterChain, bounded
from stts.engine_api import Samples

REACH = 32
"""Samples of the lower rate, before and behind, that another is taken to be made of: ffmpeg's are half as many."""
SILENT_SECONDS = 1.0
"""Digital silence after which ffmpeg is let go until there is sound again."""


class Resampler:
    """Resampler of one mono stream. The output is the same samples however the stream is cut into pieces.

    What is within full scale leaves so; anything else is clipped, and what is no number is silence. A stream of another
    rate takes 0.3 ms and 90 KB from its first sound until `finish`, or until it has been digital silence for a while;
    one whose rates are equal takes nothing.
    """

    def __init__(self, rate_in: int, rate_out: int) -> None:
        """Rates in Hz."""
        self._rate_in = rate_in
        self._rate_out = rate_out
        common = math.gcd(rate_in, rate_out)
        self._in, self._out = rate_in // common, rate_out // common
        """After so many samples in, and so many out, both are at the same place again."""
        self._reach = math.ceil(REACH * max(1.0, rate_in / rate_out))
        """Samples before and behind another that it is made of."""
        self._chain: FilterChain | None = None
        self._begin()

    def _begin(self) -> None:
        """Another stream."""
        self._taken = self._given = self._silent = 0
        """Samples in and out so far, and how many of the last that came in are digital silence."""
        self._surplus = 0
        """Samples that a new chain gives and that were given already."""

    @property
    def is_ready(self) -> bool:
        """True if `push` will not load ffmpeg, which would hold up the event loop."""
        return self._rate_in == self._rate_out or ffmpeg.is_loaded()

    async def ready(self) -> None:
        """Returns when it is."""
        if not self.is_ready:
            await ffmpeg.loaded()

    def push(self, samples: Samples) -> Samples:
        if len(samples) == 0:
            return SILENCE
        if self._rate_in == self._rate_out:
            return bounded(samples, 1.0)
        sounds = bool(samples[-1]) or bool(samples.any())  # the one is soon looked at
        if self._chain is None and not sounds:
            return self._pass_silence(len(samples))
        made = self._made(samples)
        self._taken += len(samples)
        self._silent = 0 if sounds else self._silent + len(samples)
        if self._silent >= SILENT_SECONDS * self._rate_in:
            self._chain = None
        return bounded(made, 1.0)

    def finish(self) -> Samples:
        """Flushes the held samples. What is pushed after that begins another stream."""
        if not self._taken:
            return SILENCE
        rest = [self._made(SILENCE)] if self._chain is None else []
        assert self._chain is not None
        rest.append(self._new(self._chain.finish()))
        self._chain = None
        self._begin()
        return bounded(np.concatenate(rest), 1.0)

    def _pass_silence(self, count: int) -> Samples:
        """Gives what is silent whatever comes next."""
        self._taken += count
        self._silent += count
        certain = (self._taken - self._reach) * self._out // self._in
        length = max(0, certain - self._given)
        self._given += length
        return np.zeros(length, np.float32)

    def _made(self, samples: Samples) -> Samples:
        """Gives ffmpeg the next samples, and of the silence before them as much as its filter reaches."""
        if self._chain is None:
            self._chain = FilterChain(self._rate_in, self._rate_out, ())
            skipped = max(0, self._taken - 2 * self._reach) // self._in
            self._surplus = self._given - skipped * self._out
            samples = np.concatenate((np.zeros(self._taken - skipped * self._in, np.float32), samples))
        return self._new(self._chain.push(samples))

    def _new(self, made: Samples) -> Samples:
        """Returns the part of its output that was not given before."""
        again = min(self._surplus, len(made))
        self._surplus -= again
        self._given += len(made) - again
        return made[again:]
