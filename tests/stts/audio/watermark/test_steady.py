from __future__ import annotations

import numpy as np
import pytest

from stts.audio.watermark.detector import DETECTED
from stts.audio.watermark.spectrum import BAND, RATE, levels, whole_spectra
from stts.audio.watermark.steady import without_steady_tones
from stts.engine_api import Samples
from tests.stts.audio.watermark.test_detector import found
from tests.stts.audio.watermark.test_marker import RATE as SPOKEN_RATE
from tests.stts.audio.watermark.test_marker import marked, network, spoken

TIMES = np.arange(3 * RATE) / RATE


def tone(frequency: float, seconds: float = 6.0, rate: int = SPOKEN_RATE) -> Samples:
    times = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def test_a_tone_is_taken_out_and_nothing_else_is_changed() -> None:
    noise = 0.01 * np.random.default_rng(3).standard_normal(len(TIMES))
    plain = levels(whole_spectra(noise.astype(np.float32)))
    sounding = levels(whole_spectra((noise + 0.3 * np.sin(2 * np.pi * 1000 * TIMES)).astype(np.float32)))
    assert without_steady_tones(plain) is None
    mended = without_steady_tones(sounding)
    assert mended is not None
    place = round(1000 / (RATE / 2048))
    assert sounding[:, place].mean() - plain[:, place].mean() > 0.1
    assert mended[:, place].mean() == pytest.approx(plain[:, place].mean(), abs=0.02)
    assert np.array_equal(mended[:, BAND:], sounding[:, BAND:])


@pytest.mark.parametrize("frequency", [1300.0, 1700.0])
@pytest.mark.parametrize("decibels", [-14, -30])
def test_a_tone_behind_speech_makes_no_mark_and_takes_none_away(frequency: float, decibels: int) -> None:
    whistle = tone(frequency) * np.float32(10 ** (decibels / 20))
    assert not found(spoken() + whistle[: len(spoken())]).is_marked
    whole = found(marked(spoken()) + whistle[: len(spoken())])
    assert whole.is_marked and whole.confidence is not None and whole.confidence > DETECTED


def test_the_network_alone_takes_such_a_tone_for_its_mark() -> None:
    """Why all this is needed: should it end, so may this."""
    window = tone(1300.0, 3.0, RATE)
    assert (network().confidence(levels(whole_spectra(window))) or 0.0) > 0.9
