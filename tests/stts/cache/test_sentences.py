"""Sentences in the store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stts.cache.disk import DiskTier
from stts.cache.sentences import StoredSentences
from stts.cache.store import CacheStore
from stts.cache.stored import Selection
from stts.engine_api import SpeechParams, Voice
from stts.plans import SpeechPlan
from stts.settings import Settings
from stts.speech import AudioOutput, SynthesisConfig
from stts.spoken import SpokenPiece, SpokenSentence
from stts.spoken_words import SpokenWord

NOW = 1_800_000_000.0
OUTPUT = AudioOutput("wav", "audio/wav", 24_000, 1)
PLAN = SpeechPlan(SynthesisConfig(), "hibari", Voice("heart", digest="d" * 64), SpeechParams("en-US"), 24_000, OUTPUT)
TEXT = "The museum opens on Mondays."
KEY = PLAN.sentence_key(TEXT)
LOUD = SpokenPiece.of([np.sin(np.arange(3000) / 9).astype(np.float32)], 0.12)
SOFT = SpokenPiece.of([np.full(500, 0.01, np.float32)], 0.25)
SENTENCE = SpokenSentence((LOUD, SOFT))


def sentences(tmp_path: Path | None = None, **cache: Any) -> tuple[StoredSentences, CacheStore]:
    settings = Settings.model_validate({"cache": cache})
    tiers = [DiskTier(tmp_path, lambda: settings)] if tmp_path is not None else []
    store = CacheStore(lambda: settings, tiers, lambda: NOW)
    return StoredSentences(store, lambda: settings), store


def test_a_sentence_comes_back_as_it_was_kept() -> None:
    kept, store = sentences()
    kept.keep(KEY, SENTENCE, PLAN, 0)
    assert kept.find(KEY) == SENTENCE
    entry = store.in_memory(KEY)
    assert entry is not None and (entry.kind, entry.engine) == ("sentence", "hibari")
    assert TEXT not in str(entry.about)


async def test_it_outlasts_the_server(tmp_path: Path) -> None:
    kept, store = sentences(tmp_path)
    kept.keep(KEY, SENTENCE, PLAN, 0)
    await store.close()
    again, store = sentences(tmp_path)
    assert await again.fetch(KEY) == SENTENCE
    assert again.find(KEY) == SENTENCE, "it is in memory from then on"
    await store.close()


@pytest.mark.parametrize("name", ["heart", "d" * 64])
async def test_it_goes_with_its_voice(name: str) -> None:
    kept, store = sentences()
    since = kept.removals
    kept.keep(KEY, SENTENCE, PLAN, since)
    await store.remove(Selection(voice=name))
    assert kept.find(KEY) is None
    kept.keep(KEY, SENTENCE, PLAN, since)
    assert kept.find(KEY) is None, "what was begun before the removal does not come after it"


def test_one_that_is_larger_than_an_entry_may_be_is_not_kept() -> None:
    kept, _ = sentences(entry_bytes=len(LOUD.data))
    kept.keep(KEY, SENTENCE, PLAN, 0)
    assert kept.find(KEY) is None
    kept.keep(KEY, SpokenSentence((LOUD,)), PLAN, 0)
    assert kept.find(KEY) == SpokenSentence((LOUD,))


@pytest.mark.parametrize("cache", [{"enabled": False}, {"sentences": False}])
def test_the_settings_may_want_none(cache: dict[str, Any]) -> None:
    assert not sentences(**cache)[0].is_wanted and sentences()[0].is_wanted


@pytest.mark.parametrize("about", [{}, {"pieces": []}, {"pieces": [[1, 2]]}, {"pieces": "no"}, {"pieces": [[9, 1, 0]]}])
def test_what_another_version_has_written_otherwise_is_not_there(about: dict[str, Any]) -> None:
    kept, store = sentences()
    kept.keep(KEY, SENTENCE, PLAN, 0)
    entry = store.in_memory(KEY)
    assert entry is not None
    store.put(KEY, replace(entry, about=about))
    assert kept.find(KEY) is None


async def test_the_times_of_its_words_are_kept(tmp_path: Path) -> None:
    words = (SpokenWord(0, 3, 0.0125, 0.2), SpokenWord(4, 6, 0.25, 0.5))
    timed = SpokenSentence((replace(LOUD, words=words), SOFT))
    kept, store = sentences(tmp_path)
    kept.keep(KEY, timed, PLAN, 0)
    await store.close()
    again, store = sentences(tmp_path)
    assert await again.fetch(KEY) == timed
    await store.close()
