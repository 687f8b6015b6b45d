"""Conversations of real voices, of which it is known who speaks when, and how much of a diarisation is right."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np

from engines.registry import Registry
from stts.audio.resample import Resampler
from stts.engine_api import Samples, SpeechParams, TTSEngine

RATE = 16_000
LOUDNESS = 0.08
"""Root mean square of every voice: nobody is told by how loud he is."""
QUIET = 0.01
"""Amplitude up to which an end of a sentence is a pause."""
VOICES = (("hibari", ""), ("espeak", "en-us"), ("espeak", "en-gb+f3"), ("espeak", "en-us+m7"))
"""Engine and voice; an empty one is the engine's default."""
SENTENCES = (
    "Good morning, and thank you for coming on such short notice.",
    "I looked at the numbers again last night.",
    "So what do you suggest we should do now?",
    "We could wait until the end of the month.",
    "No, waiting is the one thing that we cannot afford.",
    "Then let us call them today and tell them what we know.",
    "Fine, that settles it, and we meet again on Thursday.",
    "Do not forget to bring the contract and the two letters.",
)


@dataclass(frozen=True, slots=True)
class Spoken:
    start: float
    end: float
    speaker: str


@cache
def voice(number: int) -> tuple[Samples, ...]:
    """The sentences, spoken by one of the voices, without pauses at their ends."""
    name, wanted = VOICES[number]
    engine = Registry().create(name)
    assert isinstance(engine, TTSEngine)
    engine.load(lambda doing, done: None)
    found = engine.find_voice(wanted or engine.info.default_voice or "")
    assert found is not None
    made = []
    for seed, sentence in enumerate(SENTENCES, 1):
        resampler = Resampler(found.sample_rate or engine.info.sample_rate, RATE)
        blocks = [resampler.push(block) for block in engine.synthesize(sentence, found, SpeechParams(seed=seed))]
        samples = np.concatenate([*blocks, resampler.finish()])
        loud = np.flatnonzero(np.abs(samples) > QUIET)
        samples = samples[loud[0] : loud[-1] + 1]
        made.append((samples / np.sqrt(np.square(samples).mean()) * LOUDNESS).astype(np.float32))
    engine.unload()
    return tuple(made)


@cache
def conversation(voices: int, turns: int, seed: int = 0) -> tuple[Samples, tuple[Spoken, ...]]:
    """So many voices that take turns, one or two sentences each, with pauses of a sixth to two thirds of a second."""
    chance = random.Random(seed)
    parts: list[Samples] = [np.zeros(RATE // 4, np.float32)]
    spoken: list[Spoken] = []
    at, last = len(parts[0]), -1
    for _ in range(turns):
        last = chance.choice([each for each in range(voices) if each != last])
        for _ in range(chance.choice((1, 1, 1, 2))):
            sentence = chance.choice(voice(last))
            pause = np.zeros(round(RATE * chance.uniform(0.15, 0.7)), np.float32)
            parts += [sentence, pause]
            spoken.append(Spoken(at / RATE, (at + len(sentence)) / RATE, str(last)))
            at += len(sentence) + len(pause)
    return np.concatenate(parts), tuple(spoken)


def right_share(told: Iterable[Spoken], truth: Sequence[Spoken]) -> tuple[float, float]:
    """Returns the share of all speech that is told at all, and of that the share with the right speaker.

    Names count for nothing: those told are matched with the true ones as is best.
    """
    told = list(told)
    true_names, told_names = ({each.speaker: None for each in spoken} for spoken in (truth, told))
    frames = np.full((2, round(100 * max(each.end for each in [*truth, *told])) + 1), -1)
    for row, names, spoken in ((0, true_names, truth), (1, told_names, told)):
        for each in spoken:
            frames[row, round(100 * each.start) : round(100 * each.end)] = list(names).index(each.speaker)
    speech = frames[0] >= 0
    both = speech & (frames[1] >= 0)
    size = max(len(true_names), len(told_names))
    together = np.zeros((size, size), np.int64)
    np.add.at(together, (frames[0, both], frames[1, both]), 1)
    best = max(sum(together[one, two] for one, two in enumerate(order)) for order in permutations(range(size)))
    return float(both.sum() / speech.sum()), float(best / max(1, both.sum()))
