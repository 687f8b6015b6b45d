"""Repairs change what disturbs a clone and nothing of the voice."""

from __future__ import annotations

import numpy as np
import pytest

from stts.audio.level import active_level
from stts.voices.figures import Window
from stts.voices.measure import measured
from stts.voices.repair import PEAK, WANTED, cut_out, needed, repaired
from tests.stts.voices.recordings import RATE, speech, wav


def test_a_good_part_stays_as_it_is() -> None:
    part = speech()[: 4 * RATE] * np.float32(4)
    part[0] = part[-1] = 0.0
    mended = repaired(part, RATE)
    assert mended.done == [] and np.array_equal(mended.samples, part)


def test_offset_level_peak_and_edges_are_mended() -> None:
    level = active_level(speech(), RATE)
    assert level is not None and level < -32
    mended = repaired(speech() + np.float32(0.02), RATE)
    assert {"offset", "level"} <= set(mended.done)
    assert abs(float(mended.samples.mean())) < 1e-4
    assert active_level(mended.samples, RATE) == pytest.approx(WANTED, abs=0.5)
    loud = speech() / np.abs(speech()).max()
    mended = repaired(loud[5 * RATE // 2 :], RATE)
    assert "peak" in mended.done and np.abs(mended.samples).max() <= PEAK + 1e-6
    assert mended.samples[0] == mended.samples[-1] == 0.0


def test_a_level_is_raised_no_further_than_its_peak_allows() -> None:
    quiet = speech() * np.float32(0.5)
    quiet[RATE] = 0.9
    mended = repaired(quiet, RATE)
    assert np.abs(mended.samples).max() <= PEAK + 1e-6


def test_a_part_is_cut_out_to_the_sample() -> None:
    cut = cut_out(wav(speech()), Window(10.25, 12.75), RATE)
    wanted = speech()[round(10.25 * RATE) : round(12.75 * RATE)]
    assert len(cut) == len(wanted) and np.abs(cut - wanted).max() < 1e-4
    assert len(cut_out(wav(speech()), Window(43.0, 60.0), RATE)) == len(speech()) - 43 * RATE


def test_what_a_recording_needs_is_told_before() -> None:
    figures = measured(wav(speech() + np.float32(0.02)), max_seconds=60)
    assert needed(figures, figures.window) == ["offset", "window"]
    figures = measured(wav(speech()), max_seconds=60, longest=60)
    assert needed(figures, figures.window) == ["level", "window"]
