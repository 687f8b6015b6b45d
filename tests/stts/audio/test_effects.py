import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stts.audio.effects import PEAK_LIMIT, Effects, PeakLimiter
from tests.stts.audio.signals import blocks, faded, frequency_of, rms, silence, split, tone


def through(effects: Effects, samples: np.ndarray, size: int = 441) -> np.ndarray:
    return np.concatenate([*(effects.push(block) for block in blocks(samples, size)), effects.finish()])


def test_without_a_wish_samples_pass_unchanged() -> None:
    samples = tone(0.5, 22_050, amplitude=0.85)
    np.testing.assert_array_equal(through(Effects(22_050, 22_050), samples), samples)


def test_a_peak_is_met_gently_and_leaves_what_was_before_it_alone() -> None:
    """The gain falls ahead of the peak, also where the peak is the first sample of a block."""
    samples = np.full(4000, 0.5, np.float32)
    samples[2000:2050] = 2.0
    limiter = PeakLimiter(16_000)
    out = np.concatenate([limiter.push(samples[:2000]), limiter.push(samples[2000:]), limiter.finish()])
    assert len(out) == len(samples)
    assert np.abs(out).max() <= PEAK_LIMIT + 1e-4
    np.testing.assert_allclose(out[:1960], samples[:1960], atol=1e-6)
    gain = out / samples
    assert np.abs(np.diff(gain)).max() < 0.05


def test_without_a_wish_hardly_anything_is_held_back() -> None:
    effects = Effects(22_050, 22_050)
    samples = tone(0.02, 22_050)
    assert len(effects.push(samples)) >= len(samples) - 0.003 * 22_050


@pytest.mark.parametrize("rate_out", [8_000, 22_050, 24_000, 48_000])
def test_peaks_stay_below_the_limit_after_resampling_too(rate_out: int) -> None:
    noise = np.random.default_rng(7).uniform(-3, 3, 22_050).astype(np.float32)
    out = through(Effects(22_050, rate_out), noise)
    assert abs(len(out) - rate_out) <= 1
    assert np.abs(out).max() <= PEAK_LIMIT + 1e-4
    assert rms(out) > 0.2


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.8, 1.3, 2.0, 4.0])
def test_speed_changes_the_length_and_not_the_pitch(speed: float) -> None:
    out = through(Effects(22_050, 24_000, speed=speed), tone(2.0, 22_050, frequency=300))
    assert len(out) == pytest.approx(2.0 * 24_000 / speed, abs=2)
    assert frequency_of(out, 24_000) == pytest.approx(300, rel=0.03)


@pytest.mark.parametrize("pitch", [-12.0, -3.5, 0.5, 4.0, 12.0])
def test_pitch_changes_the_tone_and_not_the_length(pitch: float) -> None:
    out = through(Effects(22_050, 22_050, pitch=pitch), tone(2.0, 22_050, frequency=300))
    assert len(out) == pytest.approx(2.0 * 22_050, abs=2)
    assert frequency_of(out, 22_050) == pytest.approx(300 * 2 ** (pitch / 12), rel=0.03)


@pytest.mark.parametrize("speed", [0.25, 0.6, 1.5, 3.7])
def test_speed_loses_nothing_of_the_end(speed: float) -> None:
    """A beep at the very end is still there, and in its place."""
    samples = np.concatenate([silence(1.0, 22_050), faded(tone(0.2, 22_050), 100)])
    out = through(Effects(22_050, 22_050, speed=speed), samples)
    beep = out[-round(0.2 * 22_050 / speed) :]
    assert rms(beep) == pytest.approx(rms(samples[-4410:]), rel=0.15)
    assert rms(out[: round(0.9 * 22_050 / speed)]) < 0.01


@pytest.mark.parametrize("target", [-23.0, -16.0])
@pytest.mark.parametrize("amplitude", [0.05, 0.9])
@pytest.mark.parametrize("seconds", [1.0, 6.0])
def test_normalize_brings_any_level_to_the_target(target: float, amplitude: float, seconds: float) -> None:
    """At 1 kHz the loudness of one channel in LUFS is its mean power in dB."""
    out = through(Effects(22_050, 24_000, normalize=target), tone(seconds, 22_050, frequency=997, amplitude=amplitude))
    assert len(out) == pytest.approx(seconds * 24_000, abs=2)
    assert 20 * np.log10(rms(out)) == pytest.approx(target, abs=1.5)


@pytest.mark.parametrize("seconds", [0.02, 1.0, 2.9, 5.0])
def test_normalized_silence_is_silence(seconds: float) -> None:
    out = through(Effects(22_050, 24_000, normalize=-16), silence(seconds, 22_050))
    assert len(out) == pytest.approx(seconds * 24_000, abs=2)
    assert not out.any()


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 20_000), max_size=10), speed=st.sampled_from([1.0, 0.4, 1.7]))
def test_how_the_samples_are_cut_does_not_change_the_length(cuts: list[int], speed: float) -> None:
    samples = tone(0.4, 22_050)
    effects = Effects(22_050, 24_000, speed=speed)
    out = np.concatenate([*(effects.push(part) for part in split(samples, cuts)), effects.finish()])
    assert len(out) == pytest.approx(0.4 * 24_000 / speed, abs=2)


@pytest.mark.parametrize("speed", [1.0, 1.5])
def test_no_samples_give_no_samples(speed: float) -> None:
    assert len(Effects(22_050, 24_000, speed=speed).finish()) == 0
