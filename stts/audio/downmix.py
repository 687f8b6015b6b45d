"""Mixes several channels down to mono, keeping the ones that carry speech.

House rules. Stereo is averaged, unless the channels cancel: where the mix is far below the louder channel, as in a
recording with one side inverted, the louder channel is taken. Surround sound gives its centre, where films speak, once
that has any sound. What is decided holds until the sound says clearly otherwise, so that it does not flutter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stts.engine_api import Samples

MEMORY_SECONDS = 0.06
"""Half-life in seconds of the smoothed channel energies."""
CANCELLED = 0.06
"""Energy of the mix over that of the louder channel (-12 dB) below which the channels cancel. One channel that is
silent makes 0.25, two strangers 0.5."""
WHOLE = 0.16
"""The same (-8 dB), above which they do so no more."""
CENTRE_ENERGY = 1e-6
"""Mean square (-60 dBFS) from which the centre has sound."""
CENTRE_SHARE = 0.01
"""Share of the loudest channel's energy that the centre needs too: some sound bleeds into it everywhere."""


class Downmix:
    """Downmix of one stream, block by block. `names`: its channels in ffmpeg's terms (FL, FR, FC, LFE)."""

    def __init__(self, names: Sequence[str], sample_rate: int) -> None:
        self._rate = sample_rate
        self._centre = names.index("FC") if len(names) > 2 and "FC" in names else None
        self._speaks = False
        """The centre has had sound."""
        heard = [number for number, name in enumerate(names) if name != "LFE"]
        self._heard = heard if heard else list(range(len(names)))
        self._energies = np.zeros(len(self._heard) + 1)
        """Smoothed energies: the mix, then each channel."""
        self._cancels = False
        self._begun = False
        self._from: int | None = None
        """The channel that the previous block was taken from; None: the mix of all."""

    def mix(self, block: NDArray[np.float32]) -> Samples:
        """Mixes a block of shape (channels, samples) to mono."""
        only: Samples = block[0]
        if len(block) == 1 or block.shape[1] == 0:
            return only
        channels = block[self._heard]
        mean = channels.mean(axis=0)
        chosen = self._choose(block, channels, mean)
        before, self._from = self._from if self._begun else chosen, chosen
        self._begun = True
        new: Samples = mean if chosen is None else block[chosen]
        if before == chosen:
            return new
        old = mean if before is None else block[before]
        # From one to the other within the block, without a click.
        rise = np.linspace(0.0, 1.0, len(new), dtype=np.float32)
        faded: Samples = old * (1 - rise) + new * rise
        return faded

    def _choose(self, block: NDArray[np.float32], channels: NDArray[np.float32], mean: Samples) -> int | None:
        energies = np.array([np.dot(each, each) for each in (mean, *channels)], dtype=np.float64)
        if self._centre is not None and not self._speaks:
            centre = float(np.dot(block[self._centre], block[self._centre]))
            self._speaks = centre > max(CENTRE_ENERGY * block.shape[1], CENTRE_SHARE * energies.max())
        if self._speaks:
            return self._centre
        self._energies = self._energies * 0.5 ** (block.shape[1] / self._rate / MEMORY_SECONDS) + energies
        loudest = int(np.argmax(self._energies[1:]))
        ratio = self._energies[0] / (self._energies[1 + loudest] or 1.0)
        if self._energies[1 + loudest] > 0:
            self._cancels = ratio < (WHOLE if self._cancels else CANCELLED)
        if not self._cancels:
            return None
        return self._kept(self._heard[loudest])

    def _kept(self, loudest: int) -> int:
        """The channel taken so far, while it is about as loud as the loudest: two halves of one sound change places."""
        if self._from is None or self._from == loudest:
            return loudest
        energy = dict(zip(self._heard, self._energies[1:], strict=True))
        return self._from if energy[self._from] > 0.5 * energy[loudest] else loudest
