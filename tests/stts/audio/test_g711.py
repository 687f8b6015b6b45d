"""The formulas against an independent implementation, ffmpeg's, and against the values that the standard prints."""

from __future__ import annotations

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from stts.audio.g711 import Law, decode, encode

CODECS = {"pcmu": "pcm_mulaw", "pcma": "pcm_alaw"}
LAWS: list[Law] = ["pcmu", "pcma"]
EVERY_CODE = bytes(range(256))
EVERY_SAMPLE = np.arange(-32_768, 32_768).astype(np.int16)


def ffmpeg_decode(law: Law, data: bytes) -> NDArray[np.int16]:
    codec = av.CodecContext.create(CODECS[law], "r")
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate, codec.layout = 8000, "mono"
    return np.concatenate([frame.to_ndarray()[0] for frame in codec.decode(av.Packet(data))])


@pytest.mark.parametrize("law", LAWS)
def test_every_code_means_what_it_means_elsewhere(law: Law) -> None:
    np.testing.assert_array_equal(decode(law, EVERY_CODE), ffmpeg_decode(law, EVERY_CODE))


@pytest.mark.parametrize("law", LAWS)
def test_every_sample_becomes_the_value_of_its_interval(law: Law) -> None:
    values = np.unique(decode(law, EVERY_CODE).astype(np.int32))
    coded = decode(law, encode(law, EVERY_SAMPLE)).astype(np.int32)
    assert (np.diff(coded) >= 0).all()
    steps = np.diff(values)
    widest = np.maximum(np.append(steps, steps[-1]), np.insert(steps, 0, steps[0]))[np.searchsorted(values, coded)]
    errors = np.abs(coded - EVERY_SAMPLE)[np.abs(EVERY_SAMPLE.astype(np.int32)) < values[-1]]
    assert (errors <= widest[np.abs(EVERY_SAMPLE.astype(np.int32)) < values[-1]] // 2).all()


@pytest.mark.parametrize("law", LAWS)
def test_a_value_comes_back_as_its_code(law: Law) -> None:
    back = np.frombuffer(encode(law, decode(law, EVERY_CODE)), np.uint8)
    expected = np.arange(256)
    if law == "pcmu":
        expected[0x7F] = 0xFF  # there are two zeros
    np.testing.assert_array_equal(back, expected)


@pytest.mark.parametrize(
    ("law", "code", "value"),
    [("pcmu", 0xFF, 0), ("pcmu", 0x80, 32_124), ("pcmu", 0x00, -32_124), ("pcma", 0xD5, 8), ("pcma", 0xAA, 32_256)],
)
def test_the_ends_of_the_scale(law: Law, code: int, value: int) -> None:
    assert decode(law, bytes([code]))[0] == value
