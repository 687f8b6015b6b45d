"""A server for the official clients of Deepgram, with the default voice and ears, behind a key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import SecretStr

from stts.engine_api import Samples
from stts.settings import SecuritySettings, Settings, StorageSettings
from tests.engines.speech import DATA, WORDS, read, word_error_rate
from tests.routers.compat.deepgram.caller import KEY
from tests.server import RunningServer, running

RATE = 16_000
SAID = ("kitchen.flac", "weather.flac")
SAID_WORDS = " ".join(WORDS[name] for name in SAID)
TEXT = "The first move is what sets everything in motion."
VOICE = "aura-2-thalia-en"


@contextmanager
def serving(folder: Path) -> Iterator[RunningServer]:
    settings = Settings(
        storage=StorageSettings(root=str(folder / "data")), security=SecuritySettings(api_key=SecretStr(KEY))
    )
    with running(settings, dialects=("deepgram",)) as server:
        yield server


def recording() -> Samples:
    """Two sentences with pauses behind them."""
    quiet = np.zeros(round(1.5 * RATE), np.float32)
    return np.concatenate([part for name in SAID for part in (read(DATA / name), quiet)])


def understood(heard: str, said: str = SAID_WORDS) -> bool:
    return word_error_rate(said.lower().removesuffix("."), heard) < 0.3


def check_times(words: list[Any], seconds: float) -> None:
    """Word times rise, and lie within the audio."""
    times = [time for word in words for time in (word.start, word.end)]
    assert times and times == sorted(times) and times[0] >= 0.0 and times[-1] <= seconds
