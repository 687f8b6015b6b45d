"""Speech without a pause, longer than a region may be: no word is lost at a cut, with the real engines."""

from __future__ import annotations

import numpy as np
import pytest

from engines.registry import Registry
from stts.engine_api import ListenParams, Samples, STTEngine, VADEngine
from stts.vad.regions import RegionFinder
from stts.vad.rules import RegionRules
from tests.engines.speech import DATA, WORDS, read, word_error_rate

pytestmark = pytest.mark.socket

SPOKEN = ("weather.flac", "kitchen.flac") * 3
RULES = RegionRules(threshold=0.5, min_speech=0.15, min_silence=5.0, padding=0.2, max_seconds=8.0)


def without_silence(samples: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    return samples[loud[0] : loud[-1]]


def test_every_word_is_heard() -> None:
    listener, vad = Registry().create("faster_whisper"), Registry().create("silero")
    assert isinstance(listener, STTEngine) and isinstance(vad, VADEngine)
    for engine in (listener, vad):
        engine.load(lambda step, part: None)
    speech = np.concatenate([without_silence(read(DATA / name)) for name in SPOKEN])
    finder = RegionFinder(vad, RULES)
    regions = [*finder.push(speech), *finder.finish()]
    heard = [segment.text for region in regions for segment in listener.transcribe(region.samples, ListenParams())]
    assert len(regions) > 2
    assert word_error_rate(" ".join(WORDS[name] for name in SPOKEN), " ".join(heard)) <= 0.05
