from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.wyoming.pcm import Converter, mono
from routers.wyoming.schemas import AudioShape
from stts.engine_api import Samples
from tests.audio import tone


def raw(samples: Samples, width: int, channels: int = 1) -> bytes:
    """As a client would send it, the same on all channels."""
    spread = np.repeat(samples, channels).astype(np.float64)
    if width == 1:
        return np.clip(np.round(spread * 128 + 128), 0, 255).astype(np.uint8).tobytes()
    whole = np.clip(np.round(spread * 2.0 ** (8 * width - 1)), -(2.0 ** (8 * width - 1)), 2.0 ** (8 * width - 1) - 1)
    return b"".join(int(value).to_bytes(width, "little", signed=True) for value in whole)


def converted(shape: AudioShape, data: bytes, size: int) -> Samples:
    converter = Converter()
    parts = [part for start in range(0, len(data), size) for part in converter.push(shape, data[start : start + size])]
    return np.concatenate([*parts, converter.finish()])


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_every_width_and_number_of_channels_is_the_same_sound(width: int, channels: int) -> None:
    samples = tone(0.02)
    heard = mono(raw(samples, width, channels), width, channels)
    assert heard.dtype == np.float32
    assert np.abs(heard - samples).max() < 2.0 ** (1 - 8 * min(width, 3)) + 1e-6


@pytest.mark.parametrize(("width", "lowest"), [(1, 0), (2, -32_768), (3, -(2**23)), (4, -(2**31))])
def test_the_loudest_is_one(width: int, lowest: int) -> None:
    data = lowest.to_bytes(width, "little", signed=width > 1)
    assert mono(data, width, 1).tolist() == [-1.0]


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("size", [640, 4410, 1_000_000])
def test_any_rate_keeps_pitch_and_length(rate: int, size: int) -> None:
    heard = converted(AudioShape(rate=rate, width=2, channels=1), raw(tone(1.5, rate), 2), size)
    assert len(heard) == pytest.approx(24_000, abs=32)
    spectrum = np.abs(np.fft.rfft(heard[:16_000]))
    assert int(spectrum.argmax()) == pytest.approx(220, abs=1)


def test_at_most_a_second_comes_at_a_time() -> None:
    shape = AudioShape(rate=16_000, width=2, channels=2)
    lengths = [len(part) for part in Converter().push(shape, bytes(4 * 40_000))]
    assert lengths == [16_000, 16_000, 8000]


def test_the_shape_may_change_on_the_way() -> None:
    converter = Converter()
    first = [*converter.push(AudioShape(rate=8000, width=2, channels=1), raw(tone(0.5, 8000), 2))]
    second = [*converter.push(AudioShape(rate=16_000, width=4, channels=2), raw(tone(0.5), 4, 2))]
    assert sum(map(len, (*first, *second, converter.finish()))) == pytest.approx(16_000, abs=32)


@given(st.lists(st.binary(max_size=50), max_size=6), st.integers(1, 4), st.integers(1, 8))
def test_chunks_may_end_inside_a_sample(chunks: list[bytes], width: int, channels: int) -> None:
    shape = AudioShape(rate=16_000, width=width, channels=channels)
    converter = Converter()
    parts = [part for chunk in chunks for part in converter.push(shape, chunk)]
    heard = np.concatenate([np.zeros(0, np.float32), *parts, converter.finish()])
    data = b"".join(chunks)
    whole = data[: len(data) - len(data) % (width * channels)]
    assert heard.tolist() == mono(whole, width, channels).tolist()


def test_half_a_sample_does_not_spoil_audio_of_another_shape() -> None:
    converter = Converter()
    samples = tone(0.1)
    mono_16 = AudioShape(rate=16_000, width=2, channels=1)
    first = [*converter.push(mono_16, raw(samples, 2) + b"x")]
    second = [*converter.push(AudioShape(rate=16_000, width=4, channels=1), raw(samples, 4))]
    assert np.allclose(np.concatenate(first), samples, atol=1e-4)
    assert np.allclose(np.concatenate(second), samples, atol=1e-6)
