from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.cache.compression import compressed, restored


@given(st.binary(max_size=200), st.integers(0, 40))
def test_what_is_compressed_is_restored(data: bytes, times: int) -> None:
    whole = data * times
    packed = compressed(whole)
    if packed is not None:
        assert len(packed) < len(whole) and restored(packed, len(whole)) == whole
    assert packed is not None or len(whole) < 1000 or len(set(whole)) > 1


def test_speech_shrinks_and_noise_is_left() -> None:
    times = np.arange(22_050) / 22_050
    voice = (8000 * np.sin(2 * np.pi * 150 * times) * np.sin(2 * np.pi * 3 * times)).astype("<i2").tobytes()
    packed = compressed(voice)
    assert packed is not None and len(packed) < 0.8 * len(voice)
    assert compressed(np.random.default_rng(1).bytes(20_000)) is None


@pytest.mark.parametrize("size", [9_999, 10_001, 0, 10**12])
def test_damage_and_wrong_sizes_are_noticed(size: int) -> None:
    packed = compressed(bytes(10_000))
    assert packed is not None and restored(packed, size) is None
    assert restored(packed[:-5], 10_000) is None and restored(b"no zlib", 10_000) is None
