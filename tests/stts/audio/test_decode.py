import gc
import io
import random
import weakref
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stts.audio import wav
from stts.audio.container import sniff
from stts.audio.decode import Decoder
from stts.audio.encode import Encoder
from stts.errors import AudioTooLong, UndecodableAudio
from stts.speech import AudioFormat
from tests.stts.audio.signals import frequency_of, rms, tone

CONTAINERS: list[AudioFormat] = ["wav", "mp3", "opus", "aac", "flac"]


def recording(format: AudioFormat, seconds: float = 4.0, rate: int = 24_000, channels: int = 1) -> bytes:
    encoder = Encoder(format, rate, channels)
    return encoder.encode(tone(seconds, rate)) + encoder.finish()


def decoded(data: bytes, *, max_seconds: float = 3600.0) -> tuple[np.ndarray, list[str]]:
    decoder = Decoder(io.BytesIO(data), max_seconds=max_seconds)
    samples = np.concatenate(list(decoder))
    assert decoder.seconds == len(samples) / 16_000
    assert samples.dtype == np.float32
    return samples, decoder.warnings


def movie(*, audio: bool) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        video = container.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p")
        sound = container.add_stream("aac", rate=24_000, layout="mono") if audio else None
        for _ in range(20):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
            container.mux(video.encode(picture.reformat(format="yuv420p")))
        if sound is not None:
            frame = av.AudioFrame.from_ndarray(tone(2.0, 24_000).reshape(1, -1), format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 24_000, 0, Fraction(1, 24_000)
            container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
        container.mux(video.encode(None))
    return file.getvalue()


def m4a(seconds: float) -> bytes:
    """With its index before the audio, as players want it."""
    file = io.BytesIO()
    with av.open(file, "w", format="ipod", options={"moov_size": "20000"}) as container:
        sound = container.add_stream("aac", rate=24_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(seconds, 24_000).reshape(1, -1), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 24_000, 0, Fraction(1, 24_000)
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return file.getvalue()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("format", CONTAINERS)
def test_every_format_becomes_16_khz_mono(format: AudioFormat, channels: int) -> None:
    samples, warnings = decoded(recording(format, channels=channels))
    assert len(samples) == pytest.approx(4 * 16_000, abs=0.1 * 16_000)
    assert frequency_of(samples[8000:40_000], 16_000) == pytest.approx(440, abs=2)
    assert rms(samples[8000:40_000]) == pytest.approx(0.5 / 2**0.5, rel=0.05)
    assert warnings == []


def test_blocks_have_one_length_except_the_last() -> None:
    sizes = [len(block) for block in Decoder(io.BytesIO(recording("wav", 1.3)), max_seconds=10, block_seconds=0.25)]
    assert sizes == [4000] * 5 + [800]


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_another_rate_may_be_asked_for(rate: int) -> None:
    blocks = list(Decoder(io.BytesIO(recording("flac", 1.0)), sample_rate=rate, max_seconds=10))
    assert sum(map(len, blocks)) == pytest.approx(rate, abs=1)


def test_a_video_is_heard_and_one_without_sound_is_refused() -> None:
    samples, warnings = decoded(movie(audio=True))
    assert len(samples) / 16_000 == pytest.approx(2.0, abs=0.1)
    assert warnings == []
    with pytest.raises(UndecodableAudio):
        decoded(movie(audio=False))


@pytest.mark.parametrize("format", CONTAINERS)
def test_two_joined_files_are_decoded_through(format: AudioFormat) -> None:
    second = recording(format, rate=16_000)
    samples, _ = decoded(recording(format) + (second[wav.HEADER_BYTES :] if format == "wav" else second))
    assert len(samples) / 16_000 > (6.5 if format == "wav" else 7.9)


def test_two_joined_mp3_with_tags_are_decoded_through() -> None:
    tag = b"ID3\x04\x00\x00\x00\x00\x10\x00" + bytes(2048)
    samples, _ = decoded(tag + recording("mp3") + tag + recording("mp3", rate=44_100, channels=2) + b"TAG" + bytes(125))
    assert len(samples) / 16_000 == pytest.approx(8.1, abs=0.2)
    assert frequency_of(samples[-40_000:-8000], 16_000) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("format", ["mp3", "opus", "aac", "flac"])
def test_a_file_damaged_in_the_middle_is_decoded_around_it_with_a_warning(format: AudioFormat) -> None:
    data = bytearray(recording(format))
    middle = len(data) // 2
    data[middle : middle + 1500] = random.Random(3).randbytes(1500)
    samples, warnings = decoded(bytes(data))
    assert 3.0 < len(samples) / 16_000 < 4.1
    assert len(warnings) == 1
    assert "damaged" in warnings[0]


@pytest.mark.parametrize("format", ["mp3", "opus", "aac", "flac"])
def test_a_file_damaged_from_half_way_on_gives_its_first_half_with_a_warning(format: AudioFormat) -> None:
    data = recording(format)
    samples, warnings = decoded(data[: len(data) // 2] + random.Random(3).randbytes(len(data) // 2))
    assert len(samples) / 16_000 == pytest.approx(2.0, abs=0.3)
    assert warnings


def test_a_movie_that_ends_before_its_index_says_so_is_told() -> None:
    samples, warnings = decoded(m4a(4.0)[:-10_000])
    assert 0.5 < len(samples) / 16_000 < 3.5
    assert any("cut off" in warning for warning in warnings)


def test_a_wav_that_ends_before_its_header_says_so_is_told() -> None:
    stream = recording("wav")
    data = wav.sized_header(24_000, 1, len(stream) - wav.HEADER_BYTES) + stream[wav.HEADER_BYTES :]
    samples, warnings = decoded(data[: len(data) // 2])
    assert len(samples) / 16_000 == pytest.approx(2.0, abs=0.01)
    assert warnings == ["The file is cut off after 2.0 seconds"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\0" * 100_000,
        b"just a text, renamed\n" * 500,
        b"<html><body>no sound</body></html>" * 100,
        b"RIFF\xff\xff\xff\xffWAVE",
        wav.streaming_header(16_000, 1),
        b"%PDF-1.7\n" + bytes(range(256)) * 100,
        b"PK\x03\x04" + bytes(range(256)) * 100,
        movie(audio=True)[:400],
    ],
    ids=["empty", "a zero", "zeros", "text", "html", "half a header", "no samples", "pdf", "zip", "movie head"],
)
def test_what_is_no_audio_is_refused(data: bytes) -> None:
    decoder = Decoder(io.BytesIO(data), max_seconds=10)
    with pytest.raises(UndecodableAudio):
        list(decoder)
    assert decoder.seconds == 0


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.sampled_from([10, 500, 5_000, 100_000]))
def test_random_bytes_are_refused(seed: int, size: int) -> None:
    with pytest.raises(UndecodableAudio):
        list(Decoder(io.BytesIO(random.Random(seed).randbytes(size)), max_seconds=3600))


ORIGINALS = {format: recording(format, 0.5) for format in CONTAINERS} | {"mp4": movie(audio=True)}


@settings(max_examples=150, deadline=None)
@given(
    format=st.sampled_from(sorted(ORIGINALS)),
    patches=st.lists(st.tuples(st.integers(0, 2**16), st.binary(min_size=1, max_size=8)), max_size=6),
    end=st.floats(0.01, 1.0),
)
def test_any_damage_ends_in_audio_or_in_one_of_two_errors(
    format: str, patches: list[tuple[int, bytes]], end: float
) -> None:
    data = bytearray(ORIGINALS[format])
    for position, patch in patches:
        # Most of what a reader trusts stands in the first bytes.
        start = position % (200 if position % 2 else len(data))
        data[start : start + len(patch)] = patch
    decoder = Decoder(io.BytesIO(bytes(data[: int(end * len(data))])), max_seconds=600)
    try:
        for block in decoder:
            assert np.isfinite(block).all()
            assert np.abs(block).max() <= 1.0
    except (UndecodableAudio, AudioTooLong):
        pass


def test_a_float_file_may_hold_anything() -> None:
    values = np.array([0.5, np.nan, np.inf, -np.inf, 1e30] * 4000, "<f4").tobytes()
    header = bytearray(wav.sized_header(16_000, 1, len(values)))
    header[20:22], header[28:32], header[32:36] = b"\x03\0", (64_000).to_bytes(4, "little"), b"\x04\0\x20\0"
    samples, _ = decoded(bytes(header) + values)
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0


def test_more_than_the_limit_is_refused_while_decoding() -> None:
    silence = Encoder("flac", 8_000)
    bomb = b"".join(silence.encode(np.zeros(80_000, np.float32)) for _ in range(60)) + silence.finish()
    decoder = Decoder(io.BytesIO(bomb), max_seconds=5, block_seconds=0.5)
    heard = 0.0
    with pytest.raises(AudioTooLong):
        for block in decoder:
            heard += len(block) / 16_000
    assert heard <= 5


def test_a_rate_of_one_hertz_does_not_blow_up() -> None:
    """65 kB that claim to be nine hours long."""
    with pytest.raises(UndecodableAudio):
        list(Decoder(io.BytesIO(wav.sized_header(1, 1, 65_000) + b"\x10\x20" * 32_500), max_seconds=1e9))


@pytest.mark.parametrize("rate", [1_207_983_552, 2_147_483_647])
def test_a_rate_that_no_resampler_can_be_made_for_is_damage(rate: int) -> None:
    with pytest.raises(UndecodableAudio):
        list(Decoder(io.BytesIO(wav.sized_header(rate, 1, 48_000) + b"\x10\x20" * 24_000), max_seconds=60))


def playlists(target: str) -> dict[str, str]:
    return {
        "hls": f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n#EXTINF:5.0,\n{target}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{target}'\n",
        "dash": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
        f"<BaseURL>{target}</BaseURL></Period></MPD>",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    }


@pytest.mark.parametrize("kind", ["hls", "concat", "dash", "sdp"])
@pytest.mark.parametrize("prefix", ["", "file:", "file://"])
def test_a_playlist_cannot_make_the_server_read_another_file(tmp_path: Path, kind: str, prefix: str) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(recording("wav", 1.0))
    decoder = Decoder(io.BytesIO(playlists(f"{prefix}{secret}")[kind].encode()), max_seconds=60)
    with pytest.raises(UndecodableAudio):
        list(decoder)


def test_a_playlist_would_be_read_without_the_guard(tmp_path: Path) -> None:
    """Shows that the guard is what stands between: the same upload, opened plainly, reads the secret."""
    secret = tmp_path / "secret.wav"
    secret.write_bytes(recording("wav", 1.0))
    upload = io.BytesIO(playlists(str(secret))["concat"].encode())
    options = {"safe": "0", "protocol_whitelist": "file"}
    with av.open(upload, "r", container_options=options) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == 24_000


@pytest.mark.parametrize("leave", [lambda blocks: blocks.close(), lambda blocks: None], ids=["close", "drop"])
def test_leaving_early_frees_the_container_and_leaves_the_file_open(leave: Callable[[object], None]) -> None:
    class Upload(io.BytesIO):
        pass

    file = Upload(recording("mp3", 10.0))
    blocks = iter(Decoder(file, max_seconds=60))
    assert len(next(blocks)) == 8000
    leave(blocks)
    del blocks
    assert not file.closed
    gone = weakref.ref(file)
    del file
    gc.collect()
    assert gone() is None


def test_a_long_file_does_not_grow_the_memory() -> None:
    minute = recording("mp3", 60.0, rate=16_000)
    decoder = Decoder(io.BytesIO(minute * 25), max_seconds=7200)
    blocks = iter(decoder)
    for _ in range(240):
        next(blocks)
    process = psutil.Process()
    before = process.memory_info().rss
    for _ in blocks:
        pass
    assert decoder.seconds > 1500
    # The samples of what is left would take 88 MB.
    assert process.memory_info().rss - before < 10_000_000


@pytest.mark.parametrize(
    ("format", "container", "codec"),
    [("wav", "wav", "pcm_s16le"), ("mp3", "mp3", "mp3float"), ("opus", "ogg", "opus"), ("flac", "flac", "flac")],
)
def test_sniff_tells_what_a_file_is_from_its_content(format: AudioFormat, container: str, codec: str) -> None:
    file = io.BytesIO(recording(format))
    info = sniff(file)
    assert (info.container, info.codec, info.channels) == (container, codec, 1)
    assert info.sample_rate == (48_000 if format == "opus" else 24_000)
    assert info.duration is None or info.duration == pytest.approx(4.0, abs=0.1)
    assert not file.closed


@pytest.mark.parametrize("data", [b"", b"text" * 100, movie(audio=False)], ids=["empty", "text", "mute movie"])
def test_sniff_refuses_what_is_no_audio(data: bytes) -> None:
    with pytest.raises(UndecodableAudio):
        sniff(io.BytesIO(data))


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_one_channel_by_itself(channel: int) -> None:
    tones = [tone(1.0, 24_000, frequency=frequency) for frequency in (300.0, 900.0)]
    data = np.stack([wav.to_int16(each) for each in tones], axis=1).astype("<i2").tobytes()
    file = io.BytesIO(wav.sized_header(24_000, 2, len(data)) + data)
    samples = np.concatenate(list(Decoder(file, max_seconds=60.0, channel=channel)))
    if channel == 2:
        assert len(samples) == 16_000 and not samples.any()
    else:
        assert frequency_of(samples, 16_000) == pytest.approx((300.0, 900.0)[channel], abs=5.0)
