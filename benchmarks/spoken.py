"""Speech whose words are known: our own sentences, spoken by the default voice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmarks.texts import SENTENCES
from stts.audio.resample import Resampler
from stts.engine_api import STT_SAMPLE_RATE, Samples

VOICE_RATE = 24_000
TIMES = 2
"""Each sentence is spoken so often, never quite the same: one word of a hundred should not decide."""
LONG_SECONDS = 24.0


@dataclass(frozen=True, slots=True)
class Spoken:
    words: str
    samples: Samples
    """At 16 kHz."""


@cache
def sentences() -> tuple[Spoken, ...]:
    """About three seconds each."""
    from hibari import Hibari

    voice = Hibari(threads=1)
    made: list[Spoken] = []
    for seed, text in enumerate(SENTENCES * TIMES):
        samples = np.concatenate(list(voice.stream(text, speed=1.0, seed=seed)))
        made.append(Spoken(text, _resampled(samples.astype(np.float32))))
    return tuple(made)


def _resampled(samples: Samples) -> Samples:
    resampler = Resampler(VOICE_RATE, STT_SAMPLE_RATE)
    return np.concatenate([resampler.push(samples), resampler.finish()])


@cache
def long_readings() -> tuple[Spoken, ...]:
    """About 24 seconds each."""
    readings = []
    pause = np.zeros(STT_SAMPLE_RATE // 5, np.float32)
    for first in range(0, len(sentences()), 5):
        taken: list[Spoken] = []
        while sum(len(each.samples) + len(pause) for each in taken) < (LONG_SECONDS - 3) * STT_SAMPLE_RATE:
            taken.append(sentences()[(first + len(taken)) % len(sentences())])
        samples = np.concatenate([part for each in taken for part in (each.samples, pause)])
        readings.append(Spoken(" ".join(each.words for each in taken), samples))
    return tuple(readings)


def wrong_words(speech: Sequence[Spoken], heard: Sequence[str]) -> float:
    """Word error rate over all of it."""
    wrong = sum(distance(words(spoken.words), words(text)) for spoken, text in zip(speech, heard, strict=True))
    return wrong / sum(len(words(spoken.words)) for spoken in speech)


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def distance(reference: Sequence[str], heard: Sequence[str]) -> int:
    """Substituted, missing and added words."""
    row = list(range(len(heard) + 1))
    for index, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], index
        for position, got in enumerate(heard, 1):
            row[position], diagonal = (
                min(row[position] + 1, row[position - 1] + 1, diagonal + (wanted != got)),
                row[position],
            )
    return row[-1]
