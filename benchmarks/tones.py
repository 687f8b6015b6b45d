"""Sounds that are no speech: tones, hum, keys of a telephone, beeps, melodies, drums, noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stts.engine_api import Samples


def sounds(rate: int) -> Sequence[Samples]:
    """Sounds that are no speech, at a tenth of full scale."""
    times = np.arange(6 * rate) / rate
    random = np.random.default_rng(5)

    def tone(hertz: float) -> NDArray[np.float64]:
        return np.sin(2 * np.pi * hertz * times)

    tones = [tone(hertz) for hertz in (60, 100, 150, 220, 300, 440, 600, 800, 1000, 1300, 1700, 2500)]
    chord = tone(220.0) + tone(277.2) + tone(329.6) + tone(440.0)
    hum = np.sum([tone(50 * part) / part for part in range(1, 30)], axis=0)
    keys = (tone(770) + tone(1336)) * (times * 4 % 1 < 0.5)
    dial, beeps, sweep = tone(350) + tone(440), tone(1000) * (times * 2 % 1 < 0.5), np.sin(600 * np.pi * times**2)
    notes = 220 * 2 ** (np.array([0, 4, 7, 12, 7, 4])[(times * 4 % 6).astype(int)] / 12)
    melody = np.sum([np.sin(2 * np.pi * part * np.cumsum(notes) / rate) / part for part in (1, 2, 3, 4)], axis=0)
    noise = random.standard_normal(len(times))
    drums = noise * np.exp(-25 * (times * 4 % 1))
    made = [
        *tones,
        chord,
        hum,
        keys,
        dial,
        beeps,
        sweep,
        melody,
        noise,
        drums,
        melody / 4 + drums,
        tone(440) + noise / 30,
    ]
    return [(0.1 * each / np.abs(each).max()).astype(np.float32) for each in made]
