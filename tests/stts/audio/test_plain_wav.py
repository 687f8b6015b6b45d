"""WAV files of the plainest form are read without ffmpeg, and sound as they do with it."""

from __future__ import annotations

import io

import numpy as np
import pytest

from stts.audio import decode
from stts.audio.decode import Decoder
from stts.audio.plain_wav import plain_blocks
from stts.audio.source import BlockSource
from stts.audio.wav import sized_header, streaming_header, whole_file
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.errors import AudioTooLong

NOISE = np.random.default_rng(0).uniform(-1, 1, 20_001).astype(np.float32)
NOISE[:2] = -1, 1


def decoded(data: bytes) -> list[Samples]:
    return list(Decoder(io.BytesIO(data), max_seconds=10))


def test_the_samples_are_those_of_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    data = whole_file(NOISE, STT_SAMPLE_RATE)
    ours = decoded(data)
    monkeypatch.setattr(decode, "plain_blocks", lambda *_: None)
    theirs = decoded(data)
    assert [len(block) for block in ours] == [len(block) for block in theirs] == [8000, 8000, 4001]
    for left, right in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(left, right)


def test_ffmpeg_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "Upload", None)
    assert len(np.concatenate(decoded(whole_file(NOISE, STT_SAMPLE_RATE)))) == len(NOISE)


def test_the_limit_holds() -> None:
    with pytest.raises(AudioTooLong):
        list(Decoder(io.BytesIO(whole_file(NOISE, STT_SAMPLE_RATE)), max_seconds=1))


DATA = bytes(32_000)


OTHERS = {
    "another rate": whole_file(NOISE, 24_000),
    "two channels": sized_header(STT_SAMPLE_RATE, 2, len(DATA)) + DATA,
    "of unknown length": streaming_header(STT_SAMPLE_RATE, 1) + DATA,
    "cut off": sized_header(STT_SAMPLE_RATE, 1, len(DATA)) + DATA[:-2],
    "more behind": sized_header(STT_SAMPLE_RATE, 1, len(DATA)) + DATA + b"LIST",
    "no samples": sized_header(STT_SAMPLE_RATE, 1, 0),
    "half a sample": sized_header(STT_SAMPLE_RATE, 1, 3) + b"abc",
    "empty": b"",
    "no WAV": b"\x01" * 1000,
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_any_other_file_is_left_to_it(other: bytes) -> None:
    assert plain_blocks(io.BytesIO(other), STT_SAMPLE_RATE, 8000) is None


def test_a_stream_is_left_to_it() -> None:
    assert plain_blocks(BlockSource(iter([whole_file(NOISE, STT_SAMPLE_RATE)])), STT_SAMPLE_RATE, 8000) is None
