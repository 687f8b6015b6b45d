"""Writes the watermark into speech as it streams: samples in, as many marked samples out, 0.2 to 0.3 s behind.

Only what the mark adds goes through the network's own rate; the speech itself stays as it is, all its frequencies too.
"""

from __future__ import annotations

import numpy as np

from stts.audio.filters import SILENCE, FilterChain, bounded
from stts.audio.watermark.layers import Streamed
from stts.audio.watermark.network import WatermarkNetwork
from stts.audio.watermark.spectrum import BAND, HALF, HOP, RANGE_DB, RATE, SHARE_HEARD, Spectra, levels, spectra, waves
from stts.engine_api import Samples

LEAST_SPECTRA = 8
"""Spectra that are looked at together, 80 ms: with one by one most of the time goes into fetching the weights."""
MOST_GAIN_DB = 30.0
"""Decibels by which the mark may raise or lower a frequency; the network stays far below."""


class Watermarker:
    """One per answer, for mono samples at one rate. What is kept is copied: a view would keep all that came with it."""

    def __init__(self, network: WatermarkNetwork, rate: int) -> None:
        self._network = network
        self._rate = rate
        self._begin()

    def _begin(self) -> None:
        self._encoder = Streamed(self._network.encoder)
        self._down = FilterChain(self._rate, RATE, ()) if self._rate != RATE else None
        self._up = FilterChain(RATE, self._rate, ()) if self._rate != RATE else None
        self._unmarked: list[Samples] = []
        """Samples that wait for their mark."""
        self._input: Samples = np.zeros(HALF, np.float32)
        """Samples at the network's rate, from the first that the next window needs."""
        self._waiting: Spectra = np.zeros((0, BAND), np.complex64)
        """Spectra whose mark is not known yet, as far as they carry one."""
        self._heard: list[bool] = []
        self._loudest = 0.0
        self._sum: Samples = SILENCE
        """The added sound that further windows may still change."""
        self._to_skip = HALF
        """Samples before the first one of the answer, which the first windows reach over."""
        self._mark: Samples = SILENCE
        """The added sound that is complete, and not in the speech yet."""
        self._begun = False

    def push(self, samples: Samples) -> Samples:
        if len(samples) == 0:
            return SILENCE
        self._begun = True
        self._unmarked.append(samples)
        self._take(self._down.push(samples) if self._down is not None else samples)
        return self._marked()

    def finish(self) -> Samples:
        """The last samples. What is pushed after that is marked anew."""
        if not self._begun:
            return SILENCE
        if self._down is not None:
            self._take(self._down.finish())
        self._take(np.zeros(HALF + HOP, np.float32), last=True)
        self._add(self._encoder.finish())
        self._keep(self._sum)
        rest = SILENCE if self._up is None else self._up.finish()
        missing = max(0, sum(map(len, self._unmarked)) - len(self._mark) - len(rest))
        self._mark = np.concatenate([self._mark, rest, np.zeros(missing, np.float32)])
        last = self._marked()
        self._begin()
        return last

    def _take(self, samples: Samples, *, last: bool = False) -> None:
        """Looks at further samples, of the network's rate, where there are enough of them."""
        self._input = np.concatenate([self._input, samples])
        if not last and len(self._input) < 2 * HALF + (LEAST_SPECTRA - 1) * HOP:
            return
        found = spectra(self._input)
        self._input = self._input[len(found) * HOP :].copy()
        read = levels(found)
        sums = read.sum(axis=1)
        self._loudest = max(self._loudest, float(sums.max()))
        self._heard.extend((sums > self._loudest * SHARE_HEARD).tolist())
        self._waiting = np.concatenate([self._waiting, found[:, :BAND]])
        self._add(self._encoder.push(read[:, :BAND]))

    def _add(self, marks: Samples) -> None:
        """Adds the marks of the spectra that have waited longest."""
        count = len(marks)
        if count == 0:
            return
        found, self._waiting = self._waiting[:count], self._waiting[count:].copy()
        heard, self._heard = np.array(self._heard[:count]), self._heard[count:]
        decibels = np.clip(marks * RANGE_DB, -MOST_GAIN_DB, MOST_GAIN_DB) * heard[:, None]
        # The rest of each spectrum is zero: nothing is added there.
        windows = waves((found * (10 ** (decibels / 20) - 1)).astype(np.complex64))
        total = np.zeros(max(len(self._sum), (count - 1) * HOP + 2 * HALF), np.float32)
        total[: len(self._sum)] = self._sum
        for place, window in enumerate(windows):
            total[place * HOP : place * HOP + 2 * HALF] += window
        self._sum = total[count * HOP :].copy()
        self._keep(total[: count * HOP])

    def _keep(self, complete: Samples) -> None:
        skipped = min(self._to_skip, len(complete))
        self._to_skip -= skipped
        complete = complete[skipped:]
        if self._up is not None and len(complete):
            complete = self._up.push(complete)
        self._mark = np.concatenate([self._mark, complete])

    def _marked(self) -> Samples:
        """The samples whose mark is complete."""
        if not self._unmarked:
            return SILENCE
        samples = np.concatenate(self._unmarked)
        count = min(len(samples), len(self._mark))
        self._unmarked = [samples[count:].copy()] if count < len(samples) else []
        mark, self._mark = self._mark[:count], self._mark[count:].copy()
        return bounded(samples[:count] + mark, 1.0)
