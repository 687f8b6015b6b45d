"""Parts of Chatterbox that need no model: recordings, the cache of voices, how long a text may take."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from engines.tts.chatterbox import longest_speech
from engines.tts.reference_voices import VoiceCache, read_recording, recording_key
from stts.audio.decode import Decoder
from stts.engine_api import Samples
from stts.errors import InvalidParameter
from tests.engines import checkpoints


def decoded(wav: io.BytesIO) -> Samples:
    return np.concatenate(list(Decoder(wav, sample_rate=24_000, max_seconds=100)))


def test_a_voice_whose_recording_was_removed_is_forgotten(tmp_path: Path) -> None:
    cache = VoiceCache(8)
    recordings = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for path in recordings:
        path.touch()
        cache.get(path, lambda: object(), path)
    cache.get("built in", lambda: object())
    recordings[0].unlink()
    cache.get(recordings[1], lambda: object(), recordings[1])
    assert len(cache) == 2
    recordings[0].touch()
    made = object()
    assert cache.get(recordings[0], lambda: made, recordings[0]) is made


def test_cache_keeps_the_last_used() -> None:
    cache = VoiceCache(2)
    made: list[str] = []

    def get(key: str) -> str:
        def make() -> str:
            made.append(key)
            return key.upper()

        value: str = cache.get(key, make)
        return value

    assert [get(key) for key in "abab"] == ["A", "B", "A", "B"]
    assert made == ["a", "b"] and len(cache) == 2
    get("c")
    get("b")
    get("a")
    assert made == ["a", "b", "c", "a"] and len(cache) == 2
    cache.clear()
    assert len(cache) == 0


def test_a_voice_that_cannot_be_made_is_not_kept() -> None:
    cache = VoiceCache(2)

    def fail() -> None:
        raise InvalidParameter("silent")

    with pytest.raises(InvalidParameter):
        cache.get("a", fail)
    assert len(cache) == 0 and cache.get("a", lambda: 1) == 1


def test_reads_the_beginning_of_a_recording(tmp_path: Path) -> None:
    path = checkpoints.recording(tmp_path / "long.wav", 9.0)
    whole = decoded(read_recording(path, 3, 30))
    assert len(whole) == 9 * 24_000 and np.abs(whole).max() > 0.05
    assert np.array_equal(decoded(read_recording(path, 3, 5.5)), whole[: int(5.5 * 24_000)])


@pytest.mark.parametrize(
    ("seconds", "level", "message"),
    [(3.0, 0.2, "longer than 3 seconds"), (4.0, 0.0, "silent"), (4.0, 1e-4, "silent")],
)
def test_refuses_what_holds_no_voice(seconds: float, level: float, message: str, tmp_path: Path) -> None:
    path = checkpoints.recording(tmp_path / "bad.wav", seconds, level=level)
    with pytest.raises(InvalidParameter, match=message) as caught:
        read_recording(path, 3, 30)
    assert caught.value.param == "voice"


def test_refuses_what_is_no_audio(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    with pytest.raises(InvalidParameter, match="cannot be read"):
        recording_key(path)
    for content in (b"", b"not audio" * 1000):
        path.write_bytes(content)
        with pytest.raises(InvalidParameter, match="cannot be decoded"):
            read_recording(path, 3, 30)


def test_the_key_changes_with_the_recording(tmp_path: Path) -> None:
    path = checkpoints.recording(tmp_path / "voice.wav", 4.0)
    before = recording_key(path)
    assert recording_key(path) == before
    checkpoints.recording(path, 4.5)
    assert recording_key(path) != before


def test_longest_speech_leaves_room_for_slow_readers() -> None:
    sentence = "The quick brown fox jumps over the lazy dog."  # about 2.7 s
    assert 5 < longest_speech(sentence, "en") < 15
    assert longest_speech("No.", "en") < 3
    assert longest_speech("1234567890", "en") > longest_speech("abcdefghij", "en") + 5
    assert longest_speech("你好你好", "zh") > longest_speech("ciao", "it")
