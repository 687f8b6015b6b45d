"""Which track of a file is heard, and what is said of files that cannot be."""

from __future__ import annotations

import gzip
import io
import struct
import zlib

import numpy as np
import pytest

from stts.audio import wav
from stts.audio.container import sniff
from stts.audio.decode import Decoder
from stts.audio.encode import Encoder
from stts.engine_api import Samples
from stts.errors import UndecodableAudio
from tests.stts.audio.files import Track, written
from tests.stts.audio.signals import frequency_of, silence, tone

LOW = tone(1.0, 48_000, frequency=300).reshape(1, -1)
HIGH = tone(1.0, 48_000, frequency=900).reshape(1, -1)
NONE = silence(1.0, 48_000).reshape(1, -1)


def heard(data: bytes) -> tuple[Samples, list[str]]:
    decoder = Decoder(io.BytesIO(data), max_seconds=100)
    return np.concatenate(list(decoder)), decoder.warnings


@pytest.mark.parametrize("container", ["matroska", "mov", "mp4", "mpegts", "nut"])
@pytest.mark.parametrize(
    ("tracks", "pitch", "number"),
    [
        ((LOW, HIGH), 300, 1),
        ((NONE, HIGH), 900, 2),
        ((NONE, NONE, LOW, HIGH), 300, 3),
        ((LOW, NONE), 300, 1),
    ],
    ids=["both", "second", "third", "first"],
)
def test_the_first_track_with_sound_is_heard_and_told(
    container: str, tracks: tuple[Samples, ...], pitch: float, number: int
) -> None:
    samples, warnings = heard(written(container, [Track(each, codec="mp2") for each in tracks], picture=True))
    assert frequency_of(samples, 16_000) == pytest.approx(pitch, abs=3)
    assert len(warnings) == 1
    assert f"{len(tracks)} audio tracks: number {number} " in warnings[0]


@pytest.mark.parametrize("container", ["matroska", "mov"])
@pytest.mark.parametrize(("silent", "pitch", "number"), [(False, 900, 2), (True, 300, 1)], ids=["sounds", "silent"])
def test_the_default_track_is_heard_where_it_has_sound(container: str, silent: bool, pitch: float, number: int) -> None:
    tracks = [Track(LOW), Track(NONE if silent else HIGH, default=True)]
    samples, warnings = heard(written(container, tracks))
    assert frequency_of(samples, 16_000) == pytest.approx(pitch, abs=3)
    assert f"number {number} " in warnings[0]


def test_tracks_that_are_all_silent_are_silence() -> None:
    samples, warnings = heard(written("matroska", [Track(NONE), Track(NONE)]))
    assert np.abs(samples).max() < 0.01
    assert "number 1 " in warnings[0]


def test_one_track_is_nothing_to_tell() -> None:
    assert heard(written("matroska", [Track(LOW)], picture=True))[1] == []


@pytest.mark.parametrize("container", ["matroska", "mov", "mpegts"])
def test_sound_that_begins_after_the_picture_is_heard_when_it_is(container: str) -> None:
    """The times of subtitles count from the first picture."""
    samples, _ = heard(written(container, [Track(LOW, codec="mp2", start=2.0)], picture=True))
    assert len(samples) / 16_000 == pytest.approx(3.0, abs=0.1)
    assert np.abs(samples[:30_000]).max() < 0.01 < np.abs(samples[34_000:]).max()


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 20)) + chunk(b"IEND", b"")


def unfinished() -> bytes:
    """An MP4 whose recorder was stopped before it wrote the index at the end."""
    data = written("mp4", [Track(LOW)], picture=True)
    return data[: data.index(b"moov") - 4]


def encrypted() -> bytes:
    """An MP4 as copy protection leaves it."""
    key = "00112233445566778899aabbccddeeff"
    # Without `bitexact` the muxer draws a vector by chance, and one in some dozens decodes to a noise.
    options = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": key, "encryption_kid": key, "fflags": "+bitexact"}
    return written("mp4", [Track(LOW)], options=options)


def unknown_codec() -> bytes:
    header = bytearray(wav.sized_header(16_000, 1, 4000))
    header[20:22] = b"\x34\x12"
    return bytes(header) + bytes(4000)


CAUSES = {
    "empty": (b"", "The file is empty"),
    "html": (b"\n <!DOCTYPE html><html><body>404 secret</body></html>", "a web page (HTML)"),
    "html, marked": (b"\xef\xbb\xbf<html>secret", "a web page (HTML)"),
    "xml": (b'<?xml version="1.0"?><Error><Code>secret</Code></Error>', "XML"),
    "json": (b'{"error": "secret"}', "JSON"),
    "text": ("Größe secret\n".encode() * 400, "text, not a recording"),
    "playlist": (b"#EXTM3U\n/secret.mp3\n", "a playlist"),
    "data url": (b"data:audio/wav;base64,UklGRg==", "a data URL"),
    "pdf": (b"%PDF-1.7\n" + bytes(range(256)), "a PDF document"),
    "zip": (b"PK\x03\x04" + bytes(range(256)), "a ZIP archive"),
    "gzip": (gzip.compress(b"secret" * 100), "compressed (gzip)"),
    "png": (png(), "an image (PNG)"),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(500), "an image (JPEG)"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(500), "an image"),
    "midi": (b"MThd\0\0\0\6\0\1\0\2\1\xe0MTrk" + bytes(50), "MIDI"),
    "video without sound": (written("mp4", [], picture=True), "no audio track"),
    "webm without sound": (written("matroska", [], picture=True), "no audio track"),
    "no index": (unfinished(), "no index (moov)"),
    "unknown codec": (unknown_codec(), "in a codec that nothing here decodes"),
    "encrypted": (encrypted(), "damaged or encrypted"),
    "only a header": (wav.streaming_header(16_000, 1), "no audio behind it"),
    "stray bytes": (bytes(range(1, 200)) * 20, "no audio or video of any kind known here"),
    "zeros": (bytes(5000), "no audio or video of any kind known here"),
}


@pytest.mark.parametrize("kind", CAUSES)
def test_each_cause_has_its_message(kind: str) -> None:
    data, words = CAUSES[kind]
    with pytest.raises(UndecodableAudio) as caught:
        heard(data)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)
    if kind not in ("only a header", "encrypted"):
        with pytest.raises(UndecodableAudio) as caught:
            sniff(io.BytesIO(data))
        assert words in str(caught.value)


def test_every_cause_is_a_message_of_its_own() -> None:
    messages = set()
    for data, _ in CAUSES.values():
        with pytest.raises(UndecodableAudio) as caught:
            heard(data)
        messages.add(str(caught.value))
    assert len(messages) >= len(CAUSES) - 4


def test_a_cover_picture_is_no_video() -> None:
    """MP3 with a picture in its tag: what comes first in it is no sound."""
    encoder = Encoder("mp3", 44_100)
    sound = encoder.encode(tone(1.0, 44_100)) + encoder.finish()
    picture = b"\0image/png\0\x03\0" + png()
    frame = b"APIC" + struct.pack(">I", len(picture)) + b"\0\0" + picture
    size = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    samples, warnings = heard(b"ID3\x03\0\0" + size + frame + sound)
    assert len(samples) / 16_000 == pytest.approx(1.0, abs=0.1)
    assert warnings == []
