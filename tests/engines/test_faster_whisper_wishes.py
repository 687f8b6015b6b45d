"""Wishes that a request may have of Whisper beside words: keywords, log probabilities, a choice of languages."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from engines.registry import Registry
from engines.stt.faster_whisper import FasterWhisperEngine
from engines.stt.faster_whisper_decoder import _likeliest
from stts.audio.resample import Resampler
from stts.engine_api import ListenParams, Samples, SpeechParams, TTSEngine
from tests.engines.contract import no_progress
from tests.engines.speech import DATA, read

pytestmark = pytest.mark.socket

NAMES = "We moved Qdrant behind Traefik and asked Siobhan to watch Grafana."


@pytest.fixture(scope="module")
def engine() -> Iterator[FasterWhisperEngine]:
    engine = Registry().create("faster_whisper")
    assert isinstance(engine, FasterWhisperEngine)
    engine.load(no_progress)
    yield engine
    engine.unload()


@cache
def spoken(text: str) -> Samples:
    tts = Registry().create("hibari")
    assert isinstance(tts, TTSEngine)
    tts.load(no_progress)
    voice = tts.find_voice(tts.info.default_voice or "")
    assert voice is not None
    resampler = Resampler(tts.info.sample_rate, 16_000)
    made = [resampler.push(block) for block in tts.synthesize(text, voice, SpeechParams(seed=3))]
    return np.concatenate([*made, resampler.finish()])


def heard(engine: FasterWhisperEngine, samples: Samples, params: ListenParams) -> str:
    return " ".join(segment.text for segment in engine.transcribe(samples, params))


def test_names_are_heard_where_they_are_expected(engine: FasterWhisperEngine) -> None:
    samples = spoken(NAMES)
    assert heard(engine, samples, ListenParams()) != NAMES
    assert heard(engine, samples, ListenParams(prompt="Qdrant, Traefik, Siobhan, Grafana.")) == NAMES


@pytest.mark.parametrize("prompt", [None, "A forecast."])
def test_each_token_has_its_probability(engine: FasterWhisperEngine, prompt: str | None) -> None:
    samples = read(DATA / "weather.flac")
    (plain,) = engine.transcribe(samples, ListenParams(prompt=prompt))
    (segment,) = engine.transcribe(samples, ListenParams(prompt=prompt, logprobs=True))
    assert segment.text == plain.text and not plain.likely
    assert "".join(token.text for token in segment.likely).strip() == segment.text
    assert b"".join(token.bytes for token in segment.likely).decode().strip() == segment.text
    told = [token.logprob for token in segment.likely]
    assert all(value <= 0 for value in told) and len(set(told)) > 3
    # Whisper counts the end of the text among the tokens, which is sure.
    assert segment.avg_logprob is not None
    assert math.isclose(sum(told) / (len(told) + 1), segment.avg_logprob, abs_tol=0.06)


def test_words_and_probabilities_together(engine: FasterWhisperEngine) -> None:
    params = ListenParams(word_timestamps=True, logprobs=True)
    segments = list(engine.transcribe(read(DATA / "weather.flac"), params))
    assert all(segment.words and segment.likely for segment in segments)


def test_of_the_likeliest_languages_the_first_that_comes_into_question() -> None:
    ranked = [("nl", 0.5), ("de", 0.4), ("en", 0.1)]
    assert _likeliest(ranked, frozenset(), None) == "nl"
    assert _likeliest(ranked, frozenset({"en", "de"}), None) == "de"
    assert _likeliest(ranked, frozenset({"xx"}), None) == "nl"


def test_a_language_that_is_not_clear_is_the_one_before() -> None:
    assert _likeliest([("uk", 0.57), ("de", 0.04)], frozenset(), "de") == "de"
    assert _likeliest([("uk", 0.64), ("de", 0.04)], frozenset(), "de") == "uk"
    assert _likeliest([("nl", 0.5), ("de", 0.4)], frozenset({"nl", "en"}), "de") == "nl"


def test_a_model_that_knows_one_language_is_not_disturbed(engine: FasterWhisperEngine) -> None:
    samples = read(DATA / "weather.flac")
    assert heard(engine, samples, ListenParams(languages=("de", "fr"))) == heard(engine, samples, ListenParams())
