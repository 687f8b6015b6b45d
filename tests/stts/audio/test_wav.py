import io
import wave

import numpy as np
import pytest

from stts.audio import wav


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8_000, 22_050, 192_000])
def test_a_sized_header_is_read_by_the_standard_library(rate: int, channels: int) -> None:
    data = b"\x01\x02" * channels * 100
    with wave.open(io.BytesIO(wav.sized_header(rate, channels, len(data)) + data)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (rate, channels, 2)
        assert file.getnframes() == 100
        assert file.readframes(1000) == data


def test_a_streaming_header_leaves_both_sizes_open() -> None:
    header = wav.streaming_header(24_000, 1)
    assert len(header) == wav.HEADER_BYTES
    assert header[4:8] == header[40:44] == b"\xff\xff\xff\xff"


def test_a_size_beyond_32_bits_stays_open() -> None:
    assert wav.sized_header(192_000, 2, 2**32) == wav.streaming_header(192_000, 2)
    assert wav.sized_header(192_000, 2, 2**32 - 1) == wav.streaming_header(192_000, 2)


def test_a_whole_file_holds_its_samples() -> None:
    samples = np.array([0.0, 0.5, -1.0, 2.0, -3.0], np.float32)
    with wave.open(io.BytesIO(wav.whole_file(samples, 16_000))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (16_000, 1, 5)
        assert np.frombuffer(file.readframes(5), "<i2").tolist() == [0, 16_384, -32_767, 32_767, -32_767]
