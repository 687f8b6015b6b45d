"""The watermark is written and found with the published weights, in a person's recorded speech."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pytest

from stts.audio.filters import FilterChain
from stts.audio.watermark.detector import find_watermark
from stts.audio.watermark.marker import Watermarker
from stts.audio.watermark.network import WatermarkNetwork
from stts.audio.watermark.weights import watermark_network
from stts.engine_api import Samples
from stts.speech import AudioFormat
from tests.audio import encoded
from tests.stts.voices.recordings import RATE as READING_RATE
from tests.stts.voices.recordings import speech

RATE = 24_000


@cache
def spoken(seconds: float = 6.0, rate: int = RATE) -> Samples:
    return resampled(speech()[: round(seconds * READING_RATE)], READING_RATE, rate)


def resampled(samples: Samples, rate_in: int, rate_out: int) -> Samples:
    chain = FilterChain(rate_in, rate_out, ())
    return np.concatenate([chain.push(samples), chain.finish()])


def network() -> WatermarkNetwork:
    return watermark_network(None)


def marked(samples: Samples, rate: int = RATE, block: int = 2400) -> Samples:
    marker = Watermarker(network(), rate)
    parts = [marker.push(samples[start : start + block]) for start in range(0, len(samples), block)]
    return np.concatenate([*parts, marker.finish()])


def confidence(samples: Samples, rate: int = RATE, format: AudioFormat = "wav") -> float:
    file = io.BytesIO(encoded(samples, format, rate))
    found = find_watermark(file, network(), max_seconds=600).confidence
    assert found is not None
    return found


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
def test_the_mark_is_found_at_every_rate_and_changes_no_length(rate: int) -> None:
    samples = spoken(4.0, rate)
    result = marked(samples, rate)
    assert len(result) == len(samples) and result.dtype == np.float32
    assert confidence(result, rate) > 0.99
    assert confidence(samples, rate) < 0.2


def test_however_a_stream_is_cut_its_mark_is_the_same() -> None:
    samples = spoken()
    whole = marked(samples, block=len(samples))
    assert np.abs(marked(samples, block=331) - whole).max() < 1e-5


def test_samples_come_a_third_of_a_second_behind_at_most() -> None:
    marker = Watermarker(network(), RATE)
    samples = spoken()
    held = [len(samples[: start + 480]) for start in range(0, len(samples), 480)]
    given = np.cumsum([len(marker.push(samples[start : start + 480])) for start in range(0, len(samples), 480)])
    assert max(np.array(held) - given) <= 0.32 * RATE


@pytest.mark.parametrize("format", ["mp3", "opus", "aac", "flac"])
def test_the_mark_survives_codecs(format: AudioFormat) -> None:
    assert confidence(marked(spoken()), format=format) > 0.99


def test_the_mark_survives_a_lower_rate_and_a_cut() -> None:
    low = resampled(marked(spoken()), RATE, 16_000)
    assert confidence(low[16_000:64_000], 16_000) > 0.99


def test_the_mark_adds_nothing_above_two_kilohertz() -> None:
    added = marked(spoken()) - spoken()
    power = np.abs(np.fft.rfft(added)) ** 2
    frequencies = np.fft.rfftfreq(len(added), 1 / RATE)
    assert power[frequencies > 2_200].sum() < 1e-4 * power.sum()


def test_digital_silence_stays_so() -> None:
    assert not marked(np.zeros(RATE, np.float32)).any()


@pytest.mark.parametrize("count", [0, 1, 100, 3_000])
def test_a_few_samples_come_back_as_many(count: int) -> None:
    assert len(marked(spoken()[:count])) == count
