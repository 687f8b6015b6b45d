"""Provenance checks by the official client on a real socket, with recorded and with marked speech."""

from __future__ import annotations

import numpy as np
import pytest
from openai import AsyncOpenAI, BadRequestError, InternalServerError, OpenAI

from stts.audio.watermark import weights
from stts.engine_api import Samples
from stts.speech import AudioFormat
from tests.audio import encoded, speech
from tests.stts.audio.watermark.test_marker import RATE, marked, spoken

pytestmark = pytest.mark.socket


@pytest.mark.parametrize("format", ["wav", "mp3", "opus", "flac", "aac"])
def test_marked_speech_is_told_in_every_container(openai: OpenAI, format: AudioFormat) -> None:
    data = encoded(marked(spoken()), format, RATE)
    check = openai.content_provenance_checks.create(file=(f"speech.{format}", data))
    assert check.object == "content_provenance_check" and check.created_at > 1_700_000_000
    assert check.results == []
    assert check.model_extra is not None
    (found,) = check.model_extra["watermarks"]
    assert found["type"] == "perth" and found["outcome"] == "detected" and found["confidence"] > 0.99
    assert found["spans"] == [{"start": 0.0, "end": found["seconds"]}]


async def test_a_persons_recording_is_not_marked(async_openai: AsyncOpenAI) -> None:
    check = await async_openai.content_provenance_checks.create(file=("kitchen.flac", speech()))
    assert check.results == []
    assert check.model_extra is not None
    assert check.model_extra["watermarks"][0]["outcome"] == "not_detected"
    assert check.model_extra["watermarks"][0]["spans"] == []


def test_silence_tells_nothing(openai: OpenAI) -> None:
    check = openai.content_provenance_checks.create(file=("quiet.wav", encoded(spoken()[:RATE] * 0, rate=RATE)))
    assert check.model_extra is not None
    (found,) = check.model_extra["watermarks"]
    assert found["outcome"] == "unknown" and found["confidence"] is None and "0.5 s" in found["reason"]


def test_an_image_is_refused(openai: OpenAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        openai.content_provenance_checks.create(file=("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100)))
    assert caught.value.param == "file"


def test_where_no_detector_is_installed_it_is_said(openai: OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package")
    with pytest.raises(InternalServerError, match=r"requirements/watermark\.txt") as caught:
        openai.content_provenance_checks.create(file=("kitchen.flac", speech()))
    assert caught.value.status_code == 503 and caught.value.code == "engine_not_installed"


def sounds() -> dict[str, Samples]:
    """Sounds of six seconds that are no speech; the network takes some of them for its mark."""
    times = np.arange(6 * RATE) / RATE
    tones = {f"tone of {hertz} Hz": np.sin(2 * np.pi * hertz * times) for hertz in (60, 100, 300, 800, 1300, 1700)}
    hum = sum(np.sin(2 * np.pi * 50 * part * times) / part for part in range(1, 30))
    keys = np.sin(2 * np.pi * 770 * times) + np.sin(2 * np.pi * 1336 * times)
    chord = sum(np.sin(2 * np.pi * note * times) for note in (220.0, 277.2, 329.6, 440.0))
    melody = sum(np.sin(2 * np.pi * 220 * part * 2 ** np.floor(times * 4 % 5) * times) / part for part in (1, 2, 3))
    noise = np.random.default_rng(5).standard_normal(len(times))
    made = {**tones, "hum": hum, "DTMF": keys * (times * 4 % 1 < 0.5), "chord": chord, "melody": melody, "noise": noise}
    return {name: (0.2 * each / np.abs(each).max()).astype(np.float32) for name, each in made.items()}


@pytest.mark.parametrize("name", sounds())
def test_of_what_is_no_speech_nothing_is_told(openai: OpenAI, name: str) -> None:
    check = openai.content_provenance_checks.create(file=("sound.wav", encoded(sounds()[name], rate=RATE)))
    assert check.results == [] and check.model_extra is not None
    (found,) = check.model_extra["watermarks"]
    assert (found["outcome"], found["confidence"], found["spans"]) == ("unknown", None, [])
    assert found["seconds"] == 6.0 and "speak" in found["reason"]


def test_marked_speech_among_tones_is_found_where_it_stands(openai: OpenAI) -> None:
    whistle = sounds()["tone of 1300 Hz"]
    samples = np.concatenate([whistle, marked(spoken()), whistle])
    check = openai.content_provenance_checks.create(file=("mixed.wav", encoded(samples, rate=RATE)))
    assert check.model_extra is not None
    (found,) = check.model_extra["watermarks"]
    assert found["outcome"] == "detected" and found["spans"] == [{"start": 6.0, "end": 12.0}]
