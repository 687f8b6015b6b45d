import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stts.audio.resample import Resampler
from tests.stts.audio.signals import frequency_of, split, tone


def resampled(rate_in: int, rate_out: int, parts: list[np.ndarray]) -> np.ndarray:
    resampler = Resampler(rate_in, rate_out)
    return np.concatenate([*(resampler.push(part) for part in parts), resampler.finish()])


@pytest.mark.parametrize("rate_out", [8_000, 16_000, 22_050, 24_000, 48_000, 192_000])
@pytest.mark.parametrize("rate_in", [16_000, 22_050, 24_000])
def test_length_and_pitch_are_kept(rate_in: int, rate_out: int) -> None:
    out = resampled(rate_in, rate_out, [tone(1.0, rate_in, frequency=1000)])
    assert abs(len(out) - rate_out) <= 1
    assert frequency_of(out, rate_out) == pytest.approx(1000, abs=2)


def test_nothing_is_delayed() -> None:
    out = resampled(22_050, 24_000, [tone(1.0, 22_050)])
    middle = slice(1000, 23_000)
    np.testing.assert_allclose(out[middle], tone(1.0, 24_000)[middle], atol=0.01)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 10_000), max_size=10))
def test_there_is_no_seam_between_blocks(cuts: list[int]) -> None:
    samples = tone(0.2, 22_050)
    whole = resampled(22_050, 24_000, [samples])
    np.testing.assert_allclose(resampled(22_050, 24_000, split(samples, cuts)), whole, atol=1e-6)


def test_an_equal_rate_passes_the_very_samples() -> None:
    resampler = Resampler(16_000, 16_000)
    samples = tone(0.1, 16_000)
    assert resampler.push(samples) is samples
    assert len(resampler.finish()) == 0
