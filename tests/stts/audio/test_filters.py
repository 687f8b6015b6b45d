import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stts.audio.filters import FilterChain, bounded
from tests.stts.audio.signals import frequency_of, split, tone


def resampled(rate_in: int, rate_out: int, parts: list[np.ndarray]) -> np.ndarray:
    resampler = FilterChain(rate_in, rate_out, ())
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


def test_what_is_within_the_bounds_passes_as_it_is() -> None:
    samples = tone(0.1, 16_000)
    assert bounded(samples, 0.5) is samples
    assert len(bounded(samples[:0], 0.5)) == 0


def test_what_is_beyond_them_is_clipped_and_what_is_no_number_is_silence() -> None:
    samples = np.array([0.5, 1e30, -1e30, np.inf, -np.inf, np.nan], np.float32)
    out = bounded(samples, 2.0)
    assert out.tolist() == [0.5, 2.0, -2.0, 2.0, -2.0, 0.0]
    assert out.dtype == np.float32
