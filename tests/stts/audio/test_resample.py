"""Resampling of live streams; that they give the samples of files is tested in test_pcm.py."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

from stts.audio import ffmpeg
from stts.audio.resample import Resampler


async def test_ffmpeg_is_loaded_beside_the_event_loop_and_only_where_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaders: list[threading.Thread] = []
    monkeypatch.delitem(sys.modules, "av", raising=False)
    monkeypatch.setattr(ffmpeg, "import_module", lambda name: loaders.append(threading.current_thread()))
    await Resampler(16_000, 16_000).ready()
    assert loaders == []
    await Resampler(24_000, 16_000).ready()
    assert len(loaders) == 1 and loaders[0] is not threading.main_thread()


def test_equal_rates_pass_what_is_within_full_scale_and_hold_nothing() -> None:
    resampler = Resampler(16_000, 16_000)
    samples = np.linspace(-1, 1, 100, dtype=np.float32)
    assert resampler.push(samples) is samples and len(resampler.finish()) == 0


def test_what_overshoots_is_clipped_as_in_files() -> None:
    resampler = Resampler(24_000, 16_000)
    square = np.sign(np.sin(np.arange(24_000) / 20)).astype(np.float32)
    out = np.concatenate([resampler.push(square), resampler.finish()])
    assert np.abs(out).max() == 1.0
