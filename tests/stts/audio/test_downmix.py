from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stts.audio.decode import Decoder
from stts.audio.downmix import Downmix
from stts.engine_api import Samples
from tests.stts.audio.files import Channels, Track, written
from tests.stts.audio.signals import frequency_of, rms, silence, tone

RATE = 16_000
STEREO = ("FL", "FR")
SURROUND = ("FL", "FR", "FC", "LFE", "BL", "BR")
VOICE = tone(2.0, RATE, frequency=300)
MUSIC = tone(2.0, RATE, frequency=900)
NONE = silence(2.0, RATE)


def mixed(channels: Channels, names: tuple[str, ...] = STEREO, block: int = 960) -> Samples:
    downmix = Downmix(names, RATE)
    parts = [downmix.mix(channels[:, start : start + block]) for start in range(0, channels.shape[1], block)]
    return np.concatenate(parts)


@pytest.mark.parametrize("inverted", [1.0, 0.9, 0.7])
def test_a_side_that_is_inverted_does_not_cancel_the_other(inverted: float) -> None:
    result = mixed(np.stack((VOICE, -inverted * VOICE)))
    assert np.allclose(result, VOICE, atol=1e-6)


@pytest.mark.parametrize(
    ("left", "right"),
    [(VOICE, VOICE), (VOICE, NONE), (VOICE, MUSIC), (VOICE, 0.3 * VOICE), (VOICE, -0.2 * VOICE), (NONE, NONE)],
    ids=["same", "one side", "strangers", "softer", "a little inverted", "silence"],
)
def test_other_sides_are_averaged(left: Samples, right: Samples) -> None:
    assert np.allclose(mixed(np.stack((left, right))), (left + right) / 2, atol=1e-6)


def test_a_recording_that_becomes_inverted_is_heard_all_along() -> None:
    whole = np.stack((np.tile(VOICE, 3), np.concatenate((VOICE, -VOICE, VOICE))))
    result = mixed(whole)
    windows = result[: len(result) // 1600 * 1600].reshape(-1, 1600)
    levels = np.sqrt(np.mean(windows**2, axis=1))
    assert np.median(levels) > 0.3
    assert (levels < 0.1).sum() <= 4, "some hundred milliseconds until the mix is seen to be far below"


def test_nothing_clicks_where_the_channel_changes() -> None:
    whole = np.stack((np.tile(VOICE, 3), np.concatenate((VOICE, -VOICE, VOICE))))
    steps = np.abs(np.diff(mixed(whole)))
    assert steps.max() < 2 * np.abs(np.diff(VOICE)).max()


def test_two_inverted_channels_of_changing_loudness_do_not_take_turns() -> None:
    wobble = 1 + 0.2 * np.sin(2 * np.pi * 3 * np.arange(len(VOICE)) / RATE).astype(np.float32)
    result = mixed(np.stack((VOICE * wobble, -VOICE)))
    assert np.allclose(result, VOICE * wobble, atol=1e-6) or np.allclose(result, -VOICE, atol=1e-6)


def test_films_speak_in_the_centre() -> None:
    result = mixed(np.stack((MUSIC, MUSIC, 0.3 * VOICE, MUSIC, MUSIC, MUSIC)), SURROUND)
    assert np.allclose(result, 0.3 * VOICE, atol=1e-6)


def test_the_centre_stays_once_it_has_spoken() -> None:
    centre = np.concatenate((VOICE, NONE, VOICE))
    music = np.tile(MUSIC, 3)
    result = mixed(np.stack((music, music, centre, music, music, music)), SURROUND)
    assert np.allclose(result, centre, atol=1e-6)


def test_without_a_centre_the_others_are_heard_and_the_rumble_is_not() -> None:
    result = mixed(np.stack((VOICE, VOICE, NONE, MUSIC, NONE, NONE)), SURROUND)
    assert np.allclose(result, 0.4 * VOICE, atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    names=st.sampled_from([("FC",), STEREO, SURROUND, ("LFE",), ("FL", "FR", "LFE")]),
    block=st.integers(1, 4000),
)
def test_any_sound_in_any_blocks_keeps_its_length_and_bounds(seed: int, names: tuple[str, ...], block: int) -> None:
    channels = np.random.default_rng(seed).uniform(-1, 1, (len(names), 5000)).astype(np.float32)
    result = mixed(channels, names, block)
    assert result.shape == (5000,)
    assert np.abs(result).max() <= 1.0


@pytest.mark.parametrize("codec", ["pcm_s16le", "mp3", "flac"])
def test_an_inverted_file_is_heard(codec: str) -> None:
    wave = tone(2.0, 48_000, frequency=300)
    data = written("matroska", [Track(np.stack((wave, -wave)), codec=codec, layout="stereo")])
    samples = np.concatenate(list(Decoder(io.BytesIO(data), max_seconds=10)))
    assert rms(samples[4000:28_000]) == pytest.approx(0.5 / 2**0.5, rel=0.1)
    assert frequency_of(samples, 16_000) == pytest.approx(300, abs=2)


def test_a_film_in_surround_is_heard_by_its_centre() -> None:
    voice, music = tone(2.0, 48_000, frequency=300, amplitude=0.2), tone(2.0, 48_000, frequency=900)
    channels = np.stack((music, music, voice, music, music, music))
    data = written("matroska", [Track(channels, codec="ac3", layout="5.1(side)")])
    samples = np.concatenate(list(Decoder(io.BytesIO(data), max_seconds=10)))
    assert frequency_of(samples[4000:28_000], 16_000) == pytest.approx(300, abs=2)
