from __future__ import annotations

import io
import wave
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stts.audio.decode import Decoder
from stts.audio.pcm import FORMATS, SLICE_SECONDS, WIDTHS, PCMReader
from stts.engine_api import Samples
from stts.errors import UnsupportedFormat

RATES = [8_000, 11_025, 12_347, 16_000, 22_050, 24_000, 44_100, 48_000]


def tone(hertz: float, rate: int, seconds: float = 1.0) -> Samples:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def wav(data: bytes, rate: int) -> io.BytesIO:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, rate, 0, "NONE", ""))
        writer.writeframes(data)
    file.seek(0)
    return file


def level(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


@settings(max_examples=60)
@given(st.binary(max_size=3000), st.lists(st.integers(0, 3000), max_size=8), st.sampled_from(FORMATS), st.data())
def test_how_the_bytes_are_cut_does_not_change_the_samples(
    data: bytes, cuts: list[int], format: str, choose: st.DataObject
) -> None:
    rate, channels = choose.draw(st.sampled_from(RATES)), choose.draw(st.integers(1, 2))
    at_once = PCMReader(format, rate, channels)
    expected = np.concatenate([at_once.read(data), at_once.finish()])
    in_pieces = PCMReader(format, rate, channels)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [in_pieces.read(data[start:end]) for start, end in pairwise(edges)]
    got = np.concatenate([*pieces, in_pieces.finish()])
    np.testing.assert_array_equal(got, expected)
    frames = len(data) // (WIDTHS[format] * channels)
    # ffmpeg's resampler makes some samples fewer of less than its filter, 4 ms.
    assert abs(len(got) - frames * 16_000 / rate) <= 1 or frames < 0.004 * rate
    assert np.abs(got).max(initial=0) <= 1 and got.dtype == np.float32


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.integers(0, 4000), st.lists(st.integers(0, 8000), max_size=8), st.sampled_from(RATES))
def test_live_audio_however_cut_is_the_samples_of_the_file(seed: int, length: int, cuts: list[int], rate: int) -> None:
    data = np.random.default_rng(seed).integers(-32_768, 32_767, length, "<i2").tobytes()
    reader = PCMReader("pcm_s16le", rate)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    live = np.concatenate([*(reader.read(data[start:end]) for start, end in pairwise(edges)), reader.finish()])
    if len(live):
        np.testing.assert_array_equal(live, np.concatenate(list(Decoder(wav(data, rate), max_seconds=60))))
    else:
        assert length < 0.004 * rate


def test_what_is_read_after_the_end_is_a_stream_of_its_own() -> None:
    data, reader = tone(300, 24_000, 0.1).tobytes(), PCMReader("pcm_f32le", 24_000)
    first, second = (np.concatenate([reader.read(data), reader.finish()]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_keeps_its_pitch_level_and_place(rate: int) -> None:
    heard = PCMReader("pcm_f32le", rate).read(tone(1000, rate).tobytes())
    expected = tone(1000, 16_000)[: len(heard)]
    assert len(heard) > 15_900
    assert level((heard - expected)[100:-100]) < 5e-5


@pytest.mark.parametrize("rate", [24_000, 44_100, 48_000])
def test_what_16_khz_cannot_carry_is_filtered_out(rate: int) -> None:
    heard = PCMReader("pcm_f32le", rate).read(tone(10_000, rate).tobytes())
    assert level(heard[200:]) < 1e-3 * level(tone(10_000, rate))


@pytest.mark.parametrize(("format", "rate", "channels"), [("pcmu", 8_000, 1), ("pcm_s16le", 44_100, 2)])
def test_a_long_message_is_read_in_slices(format: str, rate: int, channels: int) -> None:
    data = np.random.default_rng(1).bytes(3 * rate * channels * WIDTHS[format] + 1)
    slices = list(PCMReader(format, rate, channels).slices(data))
    assert max(map(len, slices)) <= SLICE_SECONDS * 16_000 + 1
    np.testing.assert_array_equal(np.concatenate(slices), PCMReader(format, rate, channels).read(data))
    assert list(PCMReader(format, rate).slices(b"")) == []


def test_a_large_message_is_as_many_small_ones() -> None:
    data = tone(300, 48_000, 5.0).tobytes()
    assert len(PCMReader("pcm_f32le", 48_000).read(data)) == pytest.approx(80_000, abs=20)


def test_what_is_not_a_number_is_silence() -> None:
    data = np.array([np.nan, np.inf, -np.inf, 1e30, 0.5], np.float32).tobytes()
    np.testing.assert_array_equal(PCMReader("pcm_f32le", 16_000).read(data), [0, 1, -1, 1, 0.5])


def test_channels_are_averaged() -> None:
    data = np.array([[100, 300], [-50, 50]], np.int16).tobytes()
    np.testing.assert_array_equal(PCMReader("pcm_s16le", 16_000, 2).read(data) * 32_768, [200, 0])


@given(st.binary(max_size=2000))
def test_16_bits_pass_unchanged(data: bytes) -> None:
    samples = PCMReader("pcm_s16le", 16_000).read(data) * 32_768
    assert samples.astype("<i2").tobytes() == data[: len(data) // 2 * 2]


@pytest.mark.parametrize(
    ("format", "rate", "param"), [("pcm", 16_000, "format"), ("pcma", 7999, "rate"), ("pcmu", 48_001, "rate")]
)
def test_what_does_not_exist_is_refused(format: str, rate: int, param: str) -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        PCMReader(format, rate)
    assert caught.value.param == param
    with pytest.raises(UnsupportedFormat):
        PCMReader("pcm_s16le", 16_000, 0)
