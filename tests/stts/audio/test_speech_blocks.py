"""Blocks as engines yield them: the same array again, and samples that are no numbers."""

from __future__ import annotations

import numpy as np

from stts.audio.formats import audio_output
from stts.audio.speech import SILENT, SpeechRenderer, is_audible
from stts.speech import EffectSettings, SynthesisConfig
from tests.stts.audio.signals import silence, tone

RATE = 22_050
VOICE = np.concatenate([silence(0.1, RATE), tone(0.8, RATE), silence(0.4, RATE)])


def test_an_engine_may_yield_the_same_array_each_time() -> None:
    block = np.zeros(441, np.float32)

    def fresh(samples: np.ndarray) -> np.ndarray:
        return samples

    def same(samples: np.ndarray) -> np.ndarray:
        block[:] = samples
        return block

    answers = []
    for kept in (fresh, same):
        effects = EffectSettings(trim_silence=False, level=-20.0)
        renderer = SpeechRenderer(audio_output(SynthesisConfig(format="pcm"), RATE), effects, RATE)
        quiet = np.linspace(0.0, SILENT, 4410, dtype=np.float32)
        chunks = [renderer.push(kept(part)) for part in np.split(np.concatenate([quiet, VOICE])[: 441 * 60], 60)]
        chunks += [renderer.end_piece(), renderer.finish()]
        answers.append((b"".join(chunk.data for chunk in chunks), renderer.measured_level))
    assert answers[0] == answers[1]


def test_one_broken_sample_makes_nothing_inaudible() -> None:
    block = tone(0.1, RATE)
    block[10] = np.nan
    assert is_audible(block)
    assert not is_audible(np.full(10, np.nan, np.float32)) and not is_audible(np.zeros(0, np.float32))
