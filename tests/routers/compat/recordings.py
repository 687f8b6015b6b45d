"""Speech in files, as the official client takes them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from tests.audio import decoded, encoded

DATA = Path(__file__).parent.parent.parent / "data"
WEATHER = "the weather will be warm tomorrow with a little rain in the evening"
RATE = 16_000

Upload = tuple[str, bytes]
"""A file name and what is in it."""


def weather() -> Upload:
    return "weather.flac", (DATA / "weather.flac").read_bytes()


@cache
def twice() -> Upload:
    """The same sentence twice, three seconds apart."""
    samples, rate = decoded(weather()[1])
    assert rate == RATE
    return "twice.wav", encoded(np.concatenate((samples, np.zeros(3 * RATE, np.float32), samples)))


def silence(seconds: float = 2.0) -> Upload:
    return "silence.wav", encoded(np.zeros(int(seconds * RATE), np.float32))
