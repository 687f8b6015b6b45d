"""The level of a voice, and the gain that brings voices to one level."""

from __future__ import annotations

import numpy as np
import pytest

from stts.audio.level import LevelMatch, active_level
from stts.engine_api import Samples

RATE = 16_000


def tone(seconds: float, level: float) -> Samples:
    """A tone of this level in dBFS."""
    wave = np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE)
    samples: Samples = (wave * np.sqrt(2) * 10 ** (level / 20)).astype(np.float32)
    return samples


@pytest.mark.parametrize("level", [-35.0, -20.0, -6.0])
@pytest.mark.parametrize("pause", [0.0, 0.5, 3.0])
def test_pauses_count_for_nothing(level: float, pause: float) -> None:
    silence = np.zeros(round(pause * RATE), np.float32)
    spoken = np.concatenate([silence, tone(1.0, level), silence, tone(0.5, level), silence])

    assert active_level(spoken, RATE) == pytest.approx(level, abs=0.1)


def test_quiet_breath_between_words_counts_for_nothing() -> None:
    spoken = np.concatenate([tone(1.0, -20.0), tone(1.0, -50.0)])
    assert active_level(spoken, RATE) == pytest.approx(-20.0, abs=0.1)


@pytest.mark.parametrize("samples", [tone(0.0, -20.0), tone(0.1, -20.0), np.zeros(RATE, np.float32), tone(1.0, -70.0)])
def test_too_little_speech_has_no_level(samples: Samples) -> None:
    assert active_level(samples, RATE) is None


@pytest.mark.parametrize(("own", "gain"), [(-27.0, 7.0), (-20.0, 0.0), (-12.0, -8.0), (-90.0, 20.0)])
def test_a_stated_level_is_one_gain_for_all_blocks(own: float, gain: float) -> None:
    match = LevelMatch(-20.0, own, RATE)
    blocks = [tone(0.2, -27.0), tone(0.2, -60.0)]
    for block in blocks:
        assert np.allclose(match.push(block), block * 10 ** (gain / 20), rtol=1e-5)
    match.end_piece()
    assert match.measured is None


def test_a_voice_at_the_level_passes_untouched() -> None:
    block = tone(0.2, -20.0)
    assert LevelMatch(-20.0, -20.0, RATE).push(block) is block
    assert LevelMatch(None, None, RATE).push(block) is block


def test_an_unknown_level_is_measured_on_the_first_block_and_kept() -> None:
    match = LevelMatch(-20.0, None, RATE)
    first, second = match.push(tone(1.0, -30.0)), match.push(tone(1.0, -24.0))
    assert active_level(first, RATE) == pytest.approx(-20.0, abs=0.1)
    assert active_level(second, RATE) == pytest.approx(-14.0, abs=0.1)
    match.end_piece()
    assert match.measured == pytest.approx(-26.2, abs=0.3)  # the mean power of both


def test_a_first_block_that_says_nothing_leaves_the_answer_as_it_is() -> None:
    match = LevelMatch(-20.0, None, RATE)
    short, long = tone(0.1, -30.0), tone(1.0, -30.0)
    assert np.array_equal(match.push(short), short)
    assert np.array_equal(match.push(long), long)
    match.end_piece()
    assert match.measured == pytest.approx(-30.0, abs=0.1), "the next answer knows it"
