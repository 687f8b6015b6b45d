"""The figures of real and of spoilt recordings are those that were put into them."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest

from stts.audio.level import active_level
from stts.audio.resample import Resampler
from stts.errors import AudioTooLong, UndecodableAudio
from stts.voices.figures import Figures
from stts.voices.measure import Meter, measured, suitable_rate
from tests.engines.speech import person, read
from tests.stts.voices.recordings import RATE, noise, speech, ultrasound, wav

HOURS = 3


def figures_of(file: io.BytesIO) -> Figures:
    return measured(file, max_seconds=600)


def test_a_person_reading_aloud() -> None:
    with person().open("rb") as file:
        figures = measured(file, max_seconds=60)
    assert figures.seconds == pytest.approx(44.37, abs=0.01)
    assert (figures.sample_rate, figures.channels, figures.clipping) == (48_000, 1, 0.0)
    assert figures.level == pytest.approx(active_level(speech(), RATE), abs=1.0)
    assert figures.signal_to_noise is not None and figures.signal_to_noise > 20
    assert 0.2 < figures.silence < 0.5
    assert figures.sounding_seconds == pytest.approx((1 - figures.silence) * figures.seconds)
    assert figures.window.seconds == pytest.approx(30.0)


@pytest.mark.parametrize("decibels", [5, 10, 20])
def test_noise_that_was_added_is_measured(decibels: int) -> None:
    level = active_level(speech(), RATE)
    assert level is not None
    noisy = speech() + noise(len(speech()) / RATE, 10 ** ((level - decibels) / 10))[: len(speech())]
    assert figures_of(wav(noisy)).signal_to_noise == pytest.approx(decibels, abs=2.5)


def test_clipped_samples_are_counted_and_avoided() -> None:
    loud = speech() * 0.9 / np.abs(speech()).max()
    clean = figures_of(wav(loud))
    loud[: 20 * RATE] = np.clip(loud[: 20 * RATE] * 30, -1, 1)
    clipped = figures_of(wav(loud))
    assert clean.clipping == 0.0 and clipped.clipping > 0.01
    assert clipped.window.start >= 19.5, "the part that is not clipped is cloned"


def test_a_telephone_ends_at_four_kilohertz_whatever_rate_its_file_has() -> None:
    resampler = Resampler(8_000, RATE)
    narrow = np.concatenate([resampler.push(read(person(), rate=8_000)), resampler.finish()])
    bandwidth = figures_of(wav(narrow)).bandwidth
    assert bandwidth is not None and 3_300 < bandwidth < 5_000
    wide = figures_of(wav(speech())).bandwidth
    assert wide is not None and wide > 8_000


def test_an_offset_is_told() -> None:
    assert figures_of(wav(speech() + np.float32(0.1))).offset == pytest.approx(0.1, abs=0.001)


@pytest.mark.parametrize("samples", [np.zeros(RATE, np.float32), ultrasound(1.0)], ids=["silence", "40 kHz"])
def test_nothing_is_heard_in_silence_and_above_hearing(samples: np.ndarray) -> None:
    figures = figures_of(wav(samples, 96_000 if len(samples) != RATE else RATE))
    assert (figures.level, figures.signal_to_noise, figures.bandwidth) == (None, None, None)
    assert figures.silence == 1.0 and figures.window.end <= figures.seconds


def test_blocks_of_any_length_give_the_same_figures() -> None:
    def pushed(size: int) -> Figures:
        meter = Meter(RATE)
        for start in range(0, len(speech()), size):
            meter.push(speech()[start : start + size])
        return meter.figures(sample_rate=RATE, channels=1)

    one, many = pushed(len(speech())), pushed(24_000)
    assert one.level == pytest.approx(many.level) and one.window == many.window
    assert one.signal_to_noise == pytest.approx(many.signal_to_noise) and one.peak == many.peak


def test_three_hours_take_no_more_memory_than_a_minute() -> None:
    rate = 8_000
    minute = np.tile(read(person(), rate=rate)[: 30 * rate], 2)
    meter = Meter(rate)
    tracemalloc.start()
    try:
        for _ in range(60 * HOURS):
            meter.push(minute)
        figures = meter.figures(sample_rate=rate, channels=1)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert figures.seconds == pytest.approx(3600 * HOURS) and figures.window.seconds <= 30.0
    assert most < 40 * minute.nbytes


def test_what_is_no_audio_and_what_is_too_long_is_refused() -> None:
    with pytest.raises(UndecodableAudio):
        figures_of(io.BytesIO(b"no audio at all" * 100))
    with pytest.raises(AudioTooLong):
        measured(wav(speech()), max_seconds=10)


def test_whoever_waits_no_more_ends_the_work() -> None:
    class Left(Exception):
        pass

    def checkpoint() -> None:
        raise Left

    with pytest.raises(Left):
        measured(wav(speech()), max_seconds=60, checkpoint=checkpoint)


@pytest.mark.parametrize(("rate", "looked_at"), [(8_000, 8_000), (11_025, 16_000), (44_100, 44_100), (192_000, 48_000)])
def test_recordings_are_looked_at_in_a_rate_that_loses_nothing_heard(rate: int, looked_at: int) -> None:
    assert suitable_rate(rate) == looked_at
