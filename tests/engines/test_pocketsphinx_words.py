"""The words that PocketSphinx hears, whole and live. It decodes for minutes: run with the heavy engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pocketsphinx
import pytest

from engines.registry import Registry
from engines.stt.pocketsphinx import PocketSphinxEngine
from stts.engine_api import ListenParams, Samples, Segment
from tests.engines.contract import check_segments, no_progress
from tests.engines.pocketsphinx import listen, loaded
from tests.engines.speech import DATA, PERSON_SECONDS, PERSON_WORDS, WORDS, person, read, share_heard, word_error_rate

pytestmark = pytest.mark.engines("onnx", "pocketsphinx")


@pytest.fixture(scope="module")
def engine() -> Iterator[PocketSphinxEngine]:
    with loaded() as engine:
        yield engine


def text(segments: list[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


@pytest.mark.parametrize("name", WORDS)
def test_hears_what_is_said(engine: PocketSphinxEngine, name: str) -> None:
    assert word_error_rate(WORDS[name], text(listen(engine, read(DATA / name)))) <= 0.15


def test_understands_a_person(engine: PocketSphinxEngine) -> None:
    heard = text(listen(engine, read(person(), seconds=PERSON_SECONDS)))
    assert share_heard(PERSON_WORDS, heard) >= 0.8


def test_words_stand_where_they_are_spoken(engine: PocketSphinxEngine) -> None:
    samples = read(DATA / "kitchen.flac")
    (segment,) = listen(engine, samples)
    assert [word.text for word in segment.words] == segment.text.split()
    assert all(0.02 < word.end - word.start < 1.0 for word in segment.words)
    assert all(one.end <= two.start + 0.01 for one, two in zip(segment.words, segment.words[1:], strict=False))
    (later,) = listen(engine, np.concatenate([np.zeros(16_000, np.float32), samples]))
    kitchen, moved = segment.words[-1], later.words[-1]
    assert (kitchen.text, moved.text) == ("kitchen", "kitchen")
    assert moved.start - kitchen.start == pytest.approx(1.0, abs=0.1)


def test_no_region_colours_the_next(engine: PocketSphinxEngine) -> None:
    samples = read(DATA / "weather.flac")
    first = listen(engine, samples)
    noise = np.random.default_rng(7).normal(0, 0.2, 48_000).astype(np.float32)
    listen(engine, noise)
    listen(engine, read(DATA / "numbers.opus"))
    assert listen(engine, samples) == first


@pytest.mark.parametrize("level", [0.0, 0.0005, 0.01, 0.1])
def test_noise_is_not_speech(engine: PocketSphinxEngine, level: float) -> None:
    noise = np.random.default_rng(1).normal(0, 1, 48_000).astype(np.float32) * np.float32(level)
    assert listen(engine, noise) == []


def test_marks_of_noise_are_no_words(engine: PocketSphinxEngine) -> None:
    """A hum is what the model writes as `[SPEECH]`."""
    hum = 0.1 * np.sin(np.arange(48_000) * 2 * np.pi * 50 / 16_000)
    assert listen(engine, hum.astype(np.float32)) == []
    spoken = text(listen(engine, read(DATA / "kitchen.flac")))
    assert not set("[]<>()") & set(spoken)


def test_an_operators_own_model() -> None:
    model = Path(pocketsphinx.get_model_path("en-us"))
    options = {
        "acoustic_model": str(model / "en-us"),
        "language_model": str(model / "en-us.lm.bin"),
        "dictionary": str(model / "cmudict-en-us.dict"),
        "language": "en-GB",
        "decoders": 3,
    }
    engine = Registry().create("pocketsphinx", options)
    assert isinstance(engine, PocketSphinxEngine)
    assert (engine.info.languages, engine.info.limits.concurrency) == (("en-GB",), 3)
    engine.load(no_progress)
    (segment,) = listen(engine, read(DATA / "kitchen.flac"))
    assert segment.language == "en-GB"
    assert word_error_rate(WORDS["kitchen.flac"], segment.text) <= 0.15


@pytest.fixture(scope="module")
def live() -> Iterator[PocketSphinxEngine]:
    with loaded() as engine:
        yield engine


def hear(engine: PocketSphinxEngine, samples: Samples) -> list[str]:
    """The hypotheses after each tenth of a second."""
    return [engine.hear(samples[start : start + 1600]) for start in range(0, len(samples), 1600)]


def utterance(engine: PocketSphinxEngine, samples: Samples) -> list[Segment]:
    engine.begin(ListenParams(word_timestamps=True))
    hear(engine, samples)
    segments = list(engine.end())
    check_segments(engine, segments, len(samples) / 16_000)
    return segments


@pytest.mark.parametrize("name", WORDS)
def test_understands_while_it_is_spoken(live: PocketSphinxEngine, name: str) -> None:
    samples = read(DATA / name)
    live.begin(ListenParams())
    hypotheses = hear(live, samples)
    assert hypotheses[0] == ""
    lengths = [len(hypothesis.split()) for hypothesis in hypotheses]
    assert len(WORDS[name].split()) / 3 <= lengths[len(lengths) // 2] <= lengths[-1]
    (segment,) = live.end()
    assert word_error_rate(WORDS[name], segment.text) <= 0.25
    assert (segment.words, segment.language) == ((), "en-US")


def test_an_utterance_may_go_on_after_its_end(live: PocketSphinxEngine, weather: list[Segment]) -> None:
    samples = read(DATA / "weather.flac")
    live.begin(ListenParams())
    heard = []
    for _ in range(2):
        hear(live, samples)
        heard.append(" ".join(segment.text for segment in live.end()))
        assert list(live.end()) == []
    assert heard[0] == text(weather)
    assert word_error_rate(WORDS["weather.flac"], heard[1]) <= 0.25


@pytest.fixture(scope="module")
def weather() -> list[Segment]:
    """The weather of tests/data, heard live by an engine that has heard nothing before."""
    engine = PocketSphinxEngine()
    engine.load(no_progress)
    return utterance(engine, read(DATA / "weather.flac"))


@pytest.mark.parametrize("before", ["noise", "unfinished", "silence", "region"])
def test_no_utterance_colours_the_next(live: PocketSphinxEngine, weather: list[Segment], before: str) -> None:
    samples = read(DATA / "weather.flac")
    noise = np.random.default_rng(7).normal(0, 0.2, 48_000).astype(np.float32)
    match before:
        case "noise":
            utterance(live, noise)
        case "unfinished":
            live.begin(ListenParams())
            hear(live, noise)
        case "silence":
            utterance(live, np.zeros(32_000, np.float32))
        case "region":
            listen(live, samples)
    assert utterance(live, samples) == weather


@pytest.mark.parametrize("level", [0.0, 0.0005, 0.01, 0.1])
def test_noise_is_not_speech_live_either(live: PocketSphinxEngine, level: float) -> None:
    noise = np.random.default_rng(1).normal(0, 1, 48_000).astype(np.float32) * np.float32(level)
    assert utterance(live, noise) == []
