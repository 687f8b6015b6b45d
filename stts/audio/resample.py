"""Resampling of a live stream by ffmpeg, as files are resampled: samples in, samples out at another rate, 2 ms behind.

What listens hears other words at the least difference between samples: live audio and files go through one resampler.
"""

from __future__ import annotations

from stts.audio import ffmpeg
from stts.audio.filters import SILENCE, FilterChain, bounded
from stts.engine_api import Samples


class Resampler:
    """Resampler of one mono stream. The output is the same samples however the stream is cut into pieces.

    What is within full scale leaves so; anything else is clipped, and what is no number is silence. A stream of another
    rate takes 0.3 ms and 90 KB from its first samples until `finish`, one whose rates are equal takes nothing.
    """

    def __init__(self, rate_in: int, rate_out: int) -> None:
        """Rates in Hz."""
        self._rate_in = rate_in
        self._rate_out = rate_out
        self._chain: FilterChain | None = None

    async def ready(self) -> None:
        """Returns when `push` will not load ffmpeg, which would hold up the event loop."""
        if self._rate_in != self._rate_out:
            await ffmpeg.loaded()

    def push(self, samples: Samples) -> Samples:
        if len(samples) == 0:
            return SILENCE
        if self._rate_in != self._rate_out:
            if self._chain is None:
                self._chain = FilterChain(self._rate_in, self._rate_out, ())
            samples = self._chain.push(samples)
        return bounded(samples, 1.0)

    def finish(self) -> Samples:
        """Flushes the held samples. What is pushed after that begins another stream."""
        chain, self._chain = self._chain, None
        return SILENCE if chain is None else bounded(chain.finish(), 1.0)
