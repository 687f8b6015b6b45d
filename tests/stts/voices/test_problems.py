"""A recording without a voice is refused with the reason; one that is not as good as it could be is told so."""

from __future__ import annotations

import numpy as np
import pytest

from stts.voices.measure import measured
from stts.voices.problems import Problem, problems
from stts.voices.words import WordsFound
from tests.stts.voices.recordings import RATE, noise, speech, ultrasound, wav


def codes(samples: np.ndarray, rate: int = RATE, **looked: object) -> list[tuple[str, bool]]:
    found = problems(measured(wav(samples, rate), max_seconds=60), **looked)  # type: ignore[arg-type]
    assert all(isinstance(each, Problem) and each.message for each in found)
    return [(each.code, each.refused) for each in found]


def test_a_good_recording_has_no_problem() -> None:
    assert codes(speech(), speech_seconds=28.0, speakers=1, words=WordsFound(9, 10)) == []


def test_what_holds_no_voice_is_refused() -> None:
    assert codes(np.zeros(3 * RATE, np.float32)) == [("no_sound", True)]
    assert codes(ultrasound(3.0), 96_000) == [("no_sound", True)]
    assert codes(speech()[RATE : RATE + RATE // 2]) == [("too_short", True)]
    assert codes(noise(10, 0.01), speech_seconds=0.4) == [("no_speech", True)]


def test_what_makes_a_worse_clone_is_a_warning() -> None:
    assert ("short", False) in codes(speech()[: 5 * RATE])
    assert ("clipped", False) in codes(np.clip(speech() * 40, -1, 1))
    assert ("noisy", False) in codes(speech() + noise(len(speech()) / RATE, 10**-4.2)[: len(speech())])
    assert codes(speech(), speakers=2) == [("several_speakers", False)]
    assert codes(speech(), words=WordsFound(3, 10)) == [("transcript", False)]


@pytest.mark.parametrize(("found", "told"), [(6, False), (5, True)])
def test_a_listener_may_miss_some_words(found: int, told: bool) -> None:
    assert bool(codes(speech(), words=WordsFound(found, 10))) is told
