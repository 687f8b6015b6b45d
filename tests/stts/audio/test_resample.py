"""Resampling of live streams; that they give the samples of files is tested in test_pcm.py."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

from stts.audio import ffmpeg
from stts.audio.filters import FilterChain, bounded
from stts.audio.resample import Resampler
from stts.engine_api import Samples


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


RATES = ((24_000, 16_000), (8_000, 16_000), (48_000, 16_000), (44_100, 16_000), (16_000, 24_000), (12_345, 16_000))


@pytest.mark.parametrize(("rate_in", "rate_out"), RATES)
def test_digital_silence_goes_past_ffmpeg_and_every_sample_is_the_same(rate_in: int, rate_out: int) -> None:
    random = np.random.default_rng(rate_in)
    for _ in range(8):
        stream = _sounds_and_silences(random, rate_in)
        plain = FilterChain(rate_in, rate_out, ())
        want = bounded(np.concatenate([plain.push(stream), plain.finish()]), 1.0)
        resampler, given, at = Resampler(rate_in, rate_out), [], 0
        while at < len(stream):
            size = int(random.integers(1, rate_in // 5))
            given.append(resampler.push(stream[at : at + size]))
            at = min(len(stream), at + size)
            assert sum(map(len, given)) >= (at / rate_in - 0.01) * rate_out
        assert np.array_equal(np.concatenate([*given, resampler.finish()]), want)


def _sounds_and_silences(random: np.random.Generator, rate: int) -> Samples:
    pieces = []
    for _ in range(random.integers(1, 7)):
        longest = 3 * rate if random.random() < 0.6 else 200
        sound = random.normal(0, 0.1, random.integers(1, longest)).astype(np.float32)
        pieces.append(sound if random.random() < 0.5 else np.zeros_like(sound))
    return np.concatenate(pieces)


def test_ffmpeg_is_let_go_in_silence_and_comes_back_with_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    class Counted(FilterChain):
        def __init__(self, *args: object) -> None:
            made.append(1)
            super().__init__(*args)  # type: ignore[arg-type]  # as given

    monkeypatch.setattr("stts.audio.resample.FilterChain", Counted)
    resampler = Resampler(24_000, 16_000)
    sound, silence = np.full(2400, 0.1, np.float32), np.zeros(2400, np.float32)
    for _ in range(50):
        resampler.push(silence)
    assert made == []
    for _ in range(3):
        resampler.push(sound)
        resampler.push(silence)
    assert len(made) == 1
    for _ in range(20):
        resampler.push(silence)
    resampler.push(sound)
    assert len(made) == 2
