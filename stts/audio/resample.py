"""Change of sample rate in a stream, without a seam between blocks."""

from __future__ import annotations

from stts.audio.filters import SILENCE, FilterChain
from stts.engine_api import Samples


class Resampler:
    """Rates in Hz. Nothing is delayed or lost: n samples in give n * rate_out / rate_in out, after `finish()`."""

    def __init__(self, rate_in: int, rate_out: int) -> None:
        self._chain = FilterChain(rate_in, rate_out, ()) if rate_in != rate_out else None

    def push(self, samples: Samples) -> Samples:
        return self._chain.push(samples) if self._chain else samples

    def finish(self) -> Samples:
        return self._chain.finish() if self._chain else SILENCE
