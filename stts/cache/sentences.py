"""Sentences in the store of the cache: what an engine made of each, never the words."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from stts.cache.store import CacheStore
from stts.cache.stored import Stored
from stts.plans import SpeechPlan
from stts.settings import CurrentSettings
from stts.spoken import SpokenPiece, SpokenSentence
from stts.spoken_words import Words, read_words, words_plain


class StoredSentences:
    """The SentenceCache over a store."""

    def __init__(self, store: CacheStore, settings: CurrentSettings) -> None:
        self._store = store
        self._settings = settings

    @property
    def is_wanted(self) -> bool:
        cache = self._settings().cache
        return cache.enabled and cache.sentences

    @property
    def removals(self) -> int:
        return self._store.removals

    def find(self, key: str) -> SpokenSentence | None:
        return _sentence(self._store.in_memory(key))

    def may_have(self, key: str) -> bool:
        return self._store.may_have(key)

    async def fetch(self, key: str) -> SpokenSentence | None:
        return _sentence(await self._store.get(key))

    def keep(self, key: str, sentence: SpokenSentence, plan: SpeechPlan, since: int) -> None:
        data = b"".join(piece.data for piece in sentence.pieces)
        if len(data) > self._settings().cache.entry_bytes:
            return
        now = self._store.now
        entry = Stored(
            "sentence",
            data,
            plan.instance,
            created=now,
            expires=self._store.expiry(plan.instance, now),
            voices=tuple(filter(None, (plan.voice.id, plan.voice.digest))),
            owner=plan.owner,
            about={"pieces": [_written(piece) for piece in sentence.pieces]},
        )
        self._store.put(key, entry, since)


def _sentence(entry: Stored | None) -> SpokenSentence | None:
    """The sentence of an entry; None for one that another version has written otherwise."""
    if entry is None:
        return None
    try:
        pieces = [_piece(each) for each in entry.about["pieces"]]
    except (KeyError, TypeError, ValueError):
        return None
    ends = list(accumulate(size for size, *_ in pieces))
    if not ends or ends[-1] != len(entry.data):
        return None
    starts = [0, *ends]
    return SpokenSentence(
        tuple(
            SpokenPiece(entry.data[start : start + size], peak, pause, words)
            for start, (size, peak, pause, words) in zip(starts, pieces, strict=False)
        )
    )


def _written(piece: SpokenPiece) -> list[Any]:
    """A piece as the entry tells it; the times of words stand last, where there are any."""
    told = [len(piece.data), piece.peak, piece.pause]
    return [*told, words_plain(piece.words)] if piece.words else told


def _piece(written: Any) -> tuple[int, float, float, Words]:
    size, peak, pause, *words = written
    return int(size), float(peak), float(pause), read_words(words[0]) if words else ()
