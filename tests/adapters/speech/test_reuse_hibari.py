"""Known sentences of the default voice: the default ear hears the same words, and nobody hears a seam."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import numpy as np
import pytest

from engines.registry import Registry
from stts.cache.sentences import StoredSentences
from stts.cache.store import CacheStore
from stts.context import Priority, RequestContext
from stts.engine_api import ListenParams, Samples, STTEngine
from stts.plans import SpeechRequest
from stts.settings import Settings
from stts.speech import SynthesisConfig
from tests.engines.speech import word_error_rate
from tests.wired import Engines

pytestmark = pytest.mark.socket

RATE = 16_000
SENTENCES = (
    "The museum opens on Mondays.",
    "Please keep your ticket until the end of the journey.",
    "Would you like some tea?",
    "A small brown dog slept under the kitchen table.",
    "We will need two more chairs and a longer rope.",
)
TEXT = " ".join(SENTENCES)


class Voice:
    def __init__(self, *, sentences: bool) -> None:
        settings = Settings.model_validate({"cache": {"sentences": sentences}, "tts": {"detect_language": False}})
        kept = StoredSentences(CacheStore(lambda: settings), lambda: settings)
        self.engines = Engines(Registry(), lambda: settings, sentences=kept)
        self.context = RequestContext("tts")
        self.words: list[tuple[str, float]] = []
        """Words that were told, and when they begin."""

    async def speak(self, text: str, **config: Any) -> Samples:
        self.context = RequestContext("tts", priority=Priority.COLLECTED)
        request = SpeechRequest(text, SynthesisConfig(engine="hibari", format="pcm", sample_rate=RATE, **config))
        async with aclosing(self.engines.speak(self.context, request)) as chunks:
            data, seconds, piece = b"", 0.0, ""
            self.words.clear()
            async for chunk in chunks:
                piece = chunk.text or piece
                self.words += [(piece[word.place : word.end], seconds + word.begins) for word in chunk.words]
                data, seconds = data + chunk.data, seconds + chunk.seconds
        return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)


async def test_the_ear_hears_the_same_words() -> None:
    keeping, plain = Voice(sentences=True), Voice(sentences=False)
    at_once = await plain.speak(TEXT)
    new = await keeping.speak(TEXT)
    engine_seconds = keeping.context.metrics.engine
    known = await keeping.speak(TEXT)
    assert engine_seconds and keeping.context.metrics.engine is None
    mixed = await keeping.speak(" ".join([*SENTENCES[:2], "Nobody had told the baker.", *SENTENCES[3:]]))
    quiet = await keeping.speak(TEXT, normalize=-30.0)
    assert keeping.context.metrics.engine is None
    for voice in (keeping, plain):
        await voice.engines.close()

    assert len(known) == len(new) and np.abs(known - new).max() < 1e-3
    assert abs(len(new) - len(at_once)) <= 0.005 * RATE * len(SENTENCES)
    ear = Registry().create("faster_whisper")
    assert isinstance(ear, STTEngine)
    ear.load(lambda step, part: None)

    def heard(samples: Samples) -> str:
        return " ".join(segment.text for segment in ear.transcribe(samples, ListenParams()))

    words = [heard(each) for each in (at_once, new, known)]
    assert words[0] == words[1] == words[2]
    assert word_error_rate(TEXT, words[2]) <= 0.05
    assert word_error_rate(TEXT, heard(quiet)) <= 0.05
    assert word_error_rate(TEXT.replace(SENTENCES[2], "Nobody had told the baker."), heard(mixed)) <= 0.05
    ear.unload()


async def test_words_of_known_sentences_are_told_again() -> None:
    voice = Voice(sentences=True)
    respelled = {"tea": "herbal tea"}
    await voice.speak(TEXT, dictionary=respelled)
    first = [*voice.words]
    assert [word for word, _ in first] == TEXT.split()
    await voice.speak(TEXT, dictionary=respelled)
    await voice.engines.close()
    assert voice.context.metrics.engine is None, "nothing was spoken"
    assert [word for word, _ in voice.words] == TEXT.split()
    assert [begins for _, begins in voice.words] == pytest.approx([begins for _, begins in first], abs=0.03)
