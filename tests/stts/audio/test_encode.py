import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stts.audio.encode import Encoder
from stts.audio.formats import FORMATS
from stts.errors import UnsupportedFormat
from stts.speech import AudioFormat
from tests.stts.audio.signals import blocks, faded, heard, lag, rms, split, tone

CONTAINERS: list[AudioFormat] = ["wav", "mp3", "opus", "aac", "flac"]
LOSSLESS: list[AudioFormat] = ["wav", "flac"]
RATES = {
    "wav": (8_000, 22_050, 192_000),
    "flac": (8_000, 22_050, 44_100, 96_001, 192_000),
    **{name: spec.sample_rates for name, spec in FORMATS.items() if isinstance(spec.sample_rates, tuple)},
}
CASES = [(format, rate) for format in CONTAINERS for rate in RATES[format]]
PADDING = {"wav": 0, "flac": 0, "opus": 0, "mp3": 3 * 1152, "aac": 3 * 1024}
"""Samples that a codec without a length field may add."""


def encoded(format: AudioFormat, rate: int, samples: np.ndarray, channels: int = 1, size: int = 441) -> bytes:
    encoder = Encoder(format, rate, channels)
    return b"".join([*(encoder.encode(block) for block in blocks(samples, size)), encoder.finish()])


@pytest.mark.parametrize(("format", "rate"), CASES)
def test_nothing_is_lost_or_added_beyond_the_padding_of_the_codec(format: AudioFormat, rate: int) -> None:
    samples = faded(tone(0.7, rate), rate // 100)
    (decoded,), decoded_rate = heard(encoded(format, rate, samples))
    extra = len(decoded) * rate / decoded_rate - len(samples)
    assert -0.5 <= extra <= PADDING[format] + 0.5


@pytest.mark.parametrize(("format", "rate"), CASES)
def test_the_tail_is_there_and_nothing_sounds_after_it(format: AudioFormat, rate: int) -> None:
    samples = faded(tone(0.5, rate), rate // 100)
    (decoded,), decoded_rate = heard(encoded(format, rate, samples))
    reference = faded(tone(0.5, decoded_rate), decoded_rate // 100)
    end = lag(decoded, reference) + len(reference)
    moment = decoded_rate // 25
    assert rms(decoded[end - moment : end - moment // 4]) == pytest.approx(
        rms(reference[-moment : -moment // 4]), rel=0.2
    )
    assert np.abs(decoded[end + decoded_rate // 200 :]).max(initial=0.0) < 0.05


@pytest.mark.parametrize("format", LOSSLESS)
def test_lossless_formats_give_the_samples_back(format: AudioFormat) -> None:
    samples = tone(0.3, 22_050, amplitude=1.0)
    (decoded,), _ = heard(encoded(format, 22_050, samples))
    np.testing.assert_allclose(decoded, samples, atol=1 / 16_000)


def test_pcm_is_bare_little_endian_and_clips_instead_of_wrapping() -> None:
    data = encoded("pcm", 16_000, np.array([0.0, 1.0, -1.0, 3.0, -3.0], np.float32))
    assert np.frombuffer(data, "<i2").tolist() == [0, 32_767, -32_767, 32_767, -32_767]


@pytest.mark.parametrize("format", CONTAINERS)
def test_stereo_carries_the_same_voice_on_both_sides(format: AudioFormat) -> None:
    decoded, _ = heard(encoded(format, 24_000, faded(tone(0.3, 24_000), 240), channels=2))
    assert len(decoded) == 2
    assert rms(decoded[0]) > 0.2
    assert rms(decoded[0] - decoded[1]) < 0.01


@pytest.mark.parametrize("format", [*CONTAINERS, "pcm"])
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 20_000), max_size=12))
def test_how_the_samples_are_cut_changes_nothing(format: AudioFormat, cuts: list[int]) -> None:
    samples = faded(tone(0.25, 24_000), 240)
    encoder = Encoder(format, 24_000)
    data = b"".join([*(encoder.encode(part) for part in split(samples, cuts)), encoder.finish()])
    whole = encoded(format, 24_000, samples, size=len(samples))
    if format == "opus":
        # Every Ogg stream has a random serial number, so what is heard is compared.
        np.testing.assert_array_equal(heard(data)[0], heard(whole)[0])
    else:
        assert data == whole


@pytest.mark.parametrize(
    ("format", "milliseconds"), [("wav", 10), ("pcm", 10), ("flac", 20), ("opus", 60), ("mp3", 110), ("aac", 140)]
)
def test_the_first_sound_leaves_early_and_decodes(format: AudioFormat, milliseconds: int) -> None:
    encoder = Encoder(format, 24_000)
    data = b"".join(encoder.encode(block) for block in blocks(tone(milliseconds / 1000, 24_000), 240))
    assert encoder.seconds > 0
    if format != "pcm":
        (decoded,), _ = heard(data)
        assert rms(decoded) > 0.01


@pytest.mark.parametrize("format", CONTAINERS)
def test_seconds_never_promise_more_than_a_listener_has(format: AudioFormat) -> None:
    encoder = Encoder(format, 24_000)
    data = b""
    for block in blocks(tone(1.0, 24_000), 1200):
        data += encoder.encode(block)
        if encoder.seconds:
            decoded, rate = heard(data)
            assert encoder.seconds <= decoded.shape[1] / rate + 1e-9
    encoder.finish()
    assert encoder.seconds == pytest.approx(1.0)


@pytest.mark.parametrize(("format", "rate"), CASES)
@pytest.mark.parametrize("samples", [0, 1])
def test_an_answer_of_no_or_one_sample_is_still_a_file_that_decodes(
    format: AudioFormat, rate: int, samples: int
) -> None:
    encoder = Encoder(format, rate)
    decoded, _ = heard(encoder.encode(np.zeros(samples, np.float32)) + encoder.finish())
    assert decoded.shape[1] > 0
    assert np.abs(decoded).max() < 1e-3
    assert encoder.seconds == pytest.approx(samples / rate or 0.02, abs=1e-4)


BROKEN = {
    "nan": np.full(12_000, np.nan),
    "a nan": np.where(np.arange(12_000) == 6000, np.nan, 0.1),
    "inf": np.full(12_000, np.inf),
    "both inf": np.where(np.arange(12_000) % 100 < 50, np.inf, -np.inf),
    "too loud": 1e30 * np.sin(0.05 * np.arange(12_000)),
    "denormal": np.full(12_000, 1e-40),
    "zero": np.zeros(12_000),
}


@pytest.mark.parametrize("format", CONTAINERS)
@pytest.mark.parametrize("kind", BROKEN)
def test_no_samples_break_a_codec(format: AudioFormat, kind: str) -> None:
    """Some would end the process."""
    (decoded,), rate = heard(encoded(format, 24_000, BROKEN[kind].astype(np.float32)))
    assert len(decoded) / rate == pytest.approx(0.5, abs=0.15)
    assert np.isfinite(decoded).all()
    if kind in ("nan", "denormal", "zero"):
        assert np.abs(decoded).max() < 1e-3


@pytest.mark.parametrize("format", CONTAINERS)
def test_there_is_one_header_and_no_trailer(format: AudioFormat) -> None:
    data = encoded(format, 24_000, tone(1.0, 24_000))
    own = {"wav": b"RIFF", "flac": b"fLaC", "opus": b"OpusHead", "mp3": b"Info", "aac": b"\xff\xf1"}[format]
    assert own in data[:64]
    for mark in (b"RIFF", b"fLaC", b"OpusHead", b"ID3", b"Xing", b"Info", b"LIST"):
        assert data.count(mark) == (mark == own)
    if format == "wav":
        assert len(data) == 44 + 2 * 24_000


@pytest.mark.parametrize(
    ("format", "rate", "bits"),
    [
        ("mp3", 44_100, 192_000),
        ("mp3", 44_100, 32_000),
        ("mp3", 24_000, 48_000),
        ("mp3", 22_050, 32_000),
        ("opus", 48_000, 192_000),
        ("opus", 48_000, 32_000),
        ("aac", 24_000, 48_000),
    ],
)
def test_a_bit_rate_is_what_was_asked(format: AudioFormat, rate: int, bits: int) -> None:
    noise = np.random.default_rng(1).normal(0, 0.2, 4 * rate).astype(np.float32)
    encoder = Encoder(format, rate, 1, bits)
    data = encoder.encode(noise) + encoder.finish()
    container = 8 * 28 * 50 if format == "opus" else 0  # a page of Ogg each 20 ms
    assert 8 * len(data) / 4 == pytest.approx(bits + container, rel=0.15)


def test_a_bit_rate_that_a_format_has_not_is_refused() -> None:
    for format, rate, bits in (
        ("mp3", 44_100, 16_000),
        ("mp3", 8_000, 128_000),
        ("opus", 48_000, 1),
        ("wav", 8_000, 1),
    ):
        with pytest.raises(UnsupportedFormat) as caught:
            Encoder(format, rate, 1, bits)  # type: ignore[arg-type]
        assert caught.value.param == "bit_rate"


def test_a_rate_the_format_cannot_carry_is_refused() -> None:
    with pytest.raises(UnsupportedFormat):
        Encoder("opus", 22_050)


@pytest.mark.parametrize("format", CONTAINERS)
def test_an_abandoned_encoder_leaves_quietly(format: AudioFormat, capfd: pytest.CaptureFixture[str]) -> None:
    """Its codec is gone with it, at once, and has nothing to say about what it did not finish."""
    encoder = Encoder(format, 24_000)
    encoder.encode(tone(0.1, 24_000))
    left = weakref.ref(encoder)
    del encoder
    assert left() is None
    assert capfd.readouterr() == ("", "")
