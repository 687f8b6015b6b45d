"""Sentences as they are kept."""

from __future__ import annotations

import numpy as np
import pytest

from stts.spoken import SpokenPiece, SpokenSentence

RATE = 16_000
SPEECH = np.sin(np.arange(RATE) / 20).astype(np.float32)


@pytest.mark.parametrize("peak", [1e-3, 0.3, 1.0, 4.0])
def test_a_quiet_voice_and_one_beyond_full_scale_lose_nothing(peak: float) -> None:
    made = SPEECH * np.float32(peak)
    kept = SpokenPiece.of([made[:5000], made[5000:]], 0.25)
    assert len(kept.data) == 2 * RATE and kept.pause == 0.25
    assert kept.samples.dtype == np.float32
    assert np.abs(kept.samples - made).max() <= peak / 32_767


def test_silence_stays_silence() -> None:
    kept = SpokenPiece.of([np.zeros(100, np.float32)], 0.0)
    assert kept.peak == 0.0 and not kept.samples.any() and len(kept.samples) == 100


def test_what_is_no_number_is_silence() -> None:
    broken = np.array([0.5, np.nan, np.inf, -np.inf, -0.5], np.float32)
    assert SpokenPiece.of([broken], 0.0).samples == pytest.approx([0.5, 0.0, 0.0, 0.0, -0.5], abs=1e-4)


def test_a_sentence_is_as_long_as_its_pieces() -> None:
    piece = SpokenPiece.of([SPEECH], 0.0)
    assert SpokenSentence((piece, piece)).seconds(RATE) == 2.0
