"""Speech for tests, as samples: made ones from tests/data, a person's from an installed package."""

from __future__ import annotations

import re
from importlib.metadata import files
from pathlib import Path

import av
import numpy as np

from stts.engine_api import STT_SAMPLE_RATE, Samples

DATA = Path(__file__).parent.parent / "data"

WORDS = {
    "kitchen.flac": "please open the window and turn off the light in the kitchen",
    "weather.flac": "the weather will be warm tomorrow with a little rain in the evening",
    "numbers.opus": "one two three four five six seven eight nine ten",
}
"""Words spoken in the files of tests/data."""

PERSON_SECONDS = 26.0
PERSON_WORDS = "best times worst times age wisdom age foolishness season light spring hope winter despair"
"""Some of what the person says in the first PERSON_SECONDS, in order."""


def person() -> Path:
    """A person reading aloud, for 44 seconds, into a plain microphone. The package is not imported."""
    for file in files("moonshine-voice") or ():
        if file.name == "two_cities.wav":
            return Path(str(file.locate()))
    raise FileNotFoundError("two_cities.wav of moonshine-voice; install requirements/dev.txt")


def read(path: Path, *, seconds: float | None = None, rate: int = STT_SAMPLE_RATE) -> Samples:
    """The start of a recording as mono, at this rate in Hz."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    with av.open(str(path)) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    frames += resampler.resample(None)
    samples = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.float32)
    return samples if seconds is None else samples[: int(seconds * rate)]


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def word_error_rate(said: str, heard: str) -> float:
    """Substituted, missing and added words, per word said."""
    reference, row = words(said), list(range(len(words(heard)) + 1))
    for index, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], index
        for position, got in enumerate(words(heard), 1):
            row[position], diagonal = (
                min(row[position] + 1, row[position - 1] + 1, diagonal + (wanted != got)),
                row[position],
            )
    return row[-1] / len(reference)


def share_heard(said: str, heard: str) -> float:
    """Share of the spoken words that were recognised, in this order; other words between them do not count."""
    reference = words(said)
    row = [0] * (len(reference) + 1)
    for got in words(heard):
        diagonal = 0
        for index, wanted in enumerate(reference, 1):
            row[index], diagonal = max(row[index], row[index - 1], diagonal + (wanted == got)), row[index]
    return row[-1] / len(reference)
