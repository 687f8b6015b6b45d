from __future__ import annotations

import io
import wave
from pathlib import Path

import av
import miniaudio
import numpy as np
import pytest
import soundfile

from stts.audio.encode import Encoder
from stts.audio.formats import FORMATS
from stts.speech import AudioFormat
from tests.stts.audio.signals import blocks, heard, tone

MP3_RATES = FORMATS["mp3"].sample_rates
CASES: list[tuple[AudioFormat, int]] = [
    *(("mp3", rate) for rate in MP3_RATES),
    *(("flac", rate) for rate in (8_000, 22_050, 96_001)),
    *(("wav", rate) for rate in (8_000, 24_000)),
    ("opus", 48_000),
]


def kept(format: AudioFormat, rate: int, samples: np.ndarray, channels: int = 1) -> bytes:
    """A file as a client gets it that waited for all of it."""
    encoder = Encoder(format, rate, channels)
    data = b"".join([*(encoder.encode(block) for block in blocks(samples, 441)), encoder.finish()])
    header = encoder.header()
    return header + data[len(header) :]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("count", [700, 12_345])
@pytest.mark.parametrize(("format", "rate"), CASES)
def test_every_reader_agrees_with_the_number_of_samples(
    format: AudioFormat, rate: int, count: int, channels: int, tmp_path: Path
) -> None:
    data = kept(format, rate, tone(count / rate, rate)[:count], channels)
    path = tmp_path / f"speech{FORMATS[format].extension}"
    path.write_bytes(data)
    assert soundfile.info(path).frames == count
    assert len(soundfile.read(path)[0]) == count
    assert sum(len(block) for block in soundfile.blocks(path, 100)) == count
    with av.open(io.BytesIO(data), "r") as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == count
    if format != "opus":
        assert miniaudio.get_file_info(str(path)).num_frames == count
    if format == "wav":
        with wave.open(str(path)) as file:
            assert file.getnframes() == count


@pytest.mark.parametrize("rate", MP3_RATES)
def test_a_kept_mp3_begins_with_its_first_sample(rate: int) -> None:
    samples = tone(0.5, rate)
    (decoded,), _ = heard(kept("mp3", rate, samples))
    assert len(decoded) == len(samples)
    middle = slice(len(samples) // 4, -len(samples) // 4)
    assert np.corrcoef(decoded[middle], samples[middle])[0, 1] > 0.99


@pytest.mark.parametrize("format", ["aac", "pcm", "opus"])
def test_what_has_no_place_for_a_length_stays_as_it_is(format: AudioFormat) -> None:
    encoder = Encoder(format, 24_000)
    encoder.encode(tone(0.1, 24_000))
    encoder.finish()
    assert encoder.header() == b""


def test_no_sample_at_all_is_a_file_of_a_known_length(tmp_path: Path) -> None:
    path = tmp_path / "speech.flac"
    path.write_bytes(kept("flac", 24_000, np.zeros(0, np.float32)))
    assert soundfile.info(path).frames == 480
