import io

import pytest

from stts.audio import wav
from stts.audio.encode import Encoder
from stts.audio.loss import is_cut_off
from tests.stts.audio.signals import tone


def voice_note() -> bytes:
    encoder = Encoder("opus", 24_000)
    return encoder.encode(tone(1.0, 24_000)) + encoder.finish()


def test_a_whole_file_is_not_cut_off() -> None:
    assert not is_cut_off(io.BytesIO(voice_note()))


@pytest.mark.parametrize("missing", [1, 30, 1000])
def test_a_page_that_ends_early_is_seen(missing: int) -> None:
    assert is_cut_off(io.BytesIO(voice_note()[:-missing]))


def test_what_follows_the_last_page_is_seen() -> None:
    assert is_cut_off(io.BytesIO(voice_note() + b"\0" * 100))


@pytest.mark.parametrize("data", [b"", b"RIF", b"fLaC" + bytes(100)])
def test_other_files_are_none_of_its_business(data: bytes) -> None:
    assert not is_cut_off(io.BytesIO(data))


def test_a_wav_shorter_than_it_states_is_seen() -> None:
    whole = wav.sized_header(16_000, 1, 1000) + bytes(1000)
    assert not is_cut_off(io.BytesIO(whole))
    assert is_cut_off(io.BytesIO(whole[:-2]))


def test_a_wav_that_states_no_size_is_not_cut_off() -> None:
    assert not is_cut_off(io.BytesIO(wav.streaming_header(16_000, 1) + bytes(1000)))
