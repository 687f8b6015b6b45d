"""Speaks only what is new: sentences of a text that the engine has spoken before are heard again, the others are kept.

What an engine is given is a piece of text, and what it makes of it depends on nothing else that it is not told. So a
sentence is known by its text and by all that the engine is told, wherever it stands, and whatever becomes of its audio:
another format, sample rate, loudness or pitch uses it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, takewhile

from adapters.speech.render import ChunkRenderer, gathered
from adapters.speech.text_source import TextSource
from stts.audio.speech import SpeechRenderer
from stts.context import CacheUse
from stts.engine_api import EngineInfo
from stts.plans import SpeechPlan
from stts.protocols import SentenceCache
from stts.speech import AudioChunk
from stts.spoken import SpokenPiece, SpokenSentence
from stts.spoken_words import moved
from stts.text.sentences import NextSentence
from stts.text.word_places import WordPlaces

WORTH_KEEPING = 0.005
"""Seconds of work for a second of speech, as an engine states them, from which on a sentence is kept: one that is
faster speaks it again as soon as it is found."""

LONGEST_SENTENCE = 600
"""Characters of a sentence that is kept, in several pieces if the engine takes less at once."""

AHEAD = 12
"""Sentences that are looked for in slower tiers before a piece is cut: about as many as an engine is given at once."""

FIRST_SECONDS = 0.2
BLOCK_SECONDS = 1.0
"""Audio of a known sentence that is rendered at once: a little first, so that it is heard early."""


def is_worth_keeping(info: EngineInfo) -> bool:
    """True if looking for a sentence takes less than speaking it."""
    return info.real_time_factor is None or info.real_time_factor >= WORTH_KEEPING


class Reuse:
    """Knows the next sentences of one speech of one engine, and records them. Used by the task that makes it."""

    def __init__(self, cache: SentenceCache, info: EngineInfo, plan: SpeechPlan, use: CacheUse = "any") -> None:
        """`use`: `renew` speaks all, and keeps it in the place of what is known; `read` keeps nothing."""
        self._cache = cache
        self._renews, self._keeps = use == "renew", use != "read"
        self._info = info
        self._plan = plan
        extra = plan.params.extra
        # Parameters may say what lies between sentences, which only an engine that has several puts there.
        self._one_by_one = info.by_sentence and (extra is None or extra == type(extra)())
        self._next: NextSentence | None = None
        self._missing: set[str] = set()
        """Keys of sentences that are kept nowhere, as far as was asked."""
        self._new: list[NextSentence] = []
        """Sentences of the next piece that nobody has spoken, the first of them or all."""
        self._recordings: list[Recording] = []
        """Recordings of the piece in work; between two pieces, that of a sentence that is not spoken to its end."""

    async def look(self, script: TextSource) -> tuple[NextSentence, SpokenSentence] | None:
        """The next sentence of a text, which stays in it, where it was spoken before."""
        self._next = next(self._sentences(script), None)
        if self._next is None or self._recordings or self._renews:
            return None
        key = self._plan.sentence_key(self._next.text)
        known = self._cache.find(key)
        if known is None and self._is_worth_asking(key):
            known = await self._fetched(key)
        if known is None:
            await self._fetch_ahead(script)
            return None
        return self._next, known

    def most_characters(self, script: TextSource, budget: int) -> int:
        """The most characters of the next piece, which nobody has spoken: it ends before a sentence that is known, and
        with a sentence where each is to be kept.
        """
        self._new = [] if self._next is None else [self._next]
        if self._next is None:
            return budget
        if self._recordings:
            return min(budget, self._next.end)
        for sentence in self._sentences(script):
            if sentence.end > budget:
                break
            if sentence.end > self._next.end:
                if self._is_known(sentence):
                    return self._new[-1].end
                self._new.append(sentence)
        return min(budget, self._new[-1].end) if self._one_by_one else budget

    def begin_piece(self, text: str) -> tuple[str, ...]:
        """A piece is taken. Returns the texts in which the engine is given it: its sentences, if each is to be kept."""
        texts = [each.text for each in self._new]
        if self._one_by_one and len(texts) > 1 and not self._recordings and _letters(text) == _letters(*texts):
            self._recordings = [self._recording(each) for each in texts]
            for recording, each in zip(self._recordings, texts, strict=True):
                recording.take(each)
            return tuple(texts)
        if not self._recordings:
            self._recordings = [self._recording(each) for each in texts[:1]]
        if self._recordings and not self._recordings[0].take(text):
            self._recordings = []
        return (text,)

    @property
    def is_recording(self) -> bool:
        """True if the piece that was begun is a sentence, several, or a part of one, and is to be recorded."""
        return bool(self._recordings)

    def leave_piece(self) -> None:
        """The piece that was begun is given to the engine in other texts: none of it is kept."""
        self._recordings = []

    def end_piece(self, piece: ChunkRenderer) -> None:
        """The piece was made to its end. A sentence of which something cannot be heard is not kept."""
        going_on: list[Recording] = []
        for recording, text, spoken in zip(self._recordings, piece.texts, piece.spoken, strict=False):
            if spoken is None:
                continue
            recording.add(text, spoken)
            if recording.is_complete and self._keeps:
                sentence = SpokenSentence(tuple(recording.pieces))
                self._cache.keep(recording.key, sentence, self._plan, recording.since)
            elif not recording.is_complete:
                going_on.append(recording)
        self._recordings = going_on

    def _recording(self, sentence: str) -> Recording:
        key = self._plan.sentence_key(sentence)
        return Recording(key, sentence, self._plan.spoken(sentence), self._cache.removals)

    def _is_known(self, sentence: NextSentence) -> bool:
        """True if it need not be spoken: it is kept, or will be when the piece before it has been made."""
        if self._keeps and self._one_by_one and any(each.text == sentence.text for each in self._new):
            return True
        return not self._renews and self._cache.find(self._plan.sentence_key(sentence.text)) is not None

    def _is_worth_asking(self, key: str) -> bool:
        return key not in self._missing and self._cache.may_have(key)

    async def _fetched(self, key: str) -> SpokenSentence | None:
        found = await self._cache.fetch(key)
        if found is None:
            self._missing.add(key)
        return found

    async def _fetch_ahead(self, script: TextSource) -> None:
        """Has the next few sentences at hand where they are kept elsewhere: a piece ends before one that is known."""
        keys = (self._plan.sentence_key(each.text) for each in islice(self._sentences(script), 1, AHEAD))
        near = takewhile(lambda key: self._cache.find(key) is None, keys)
        if away := {key for key in near if self._is_worth_asking(key)}:
            await asyncio.gather(*map(self._fetched, away))

    def _sentences(self, script: TextSource) -> Iterator[NextSentence]:
        return script.next_sentences(LONGEST_SENTENCE, self._info.limits.min_characters)


class Recording:
    """A sentence while it is spoken, in one piece or in several."""

    def __init__(self, key: str, sentence: str, spoken: str, since: int) -> None:
        """`spoken`: the sentence as the engine is given it. `since`: removals from the cache so far."""
        self.key = key
        self.since = since
        self.pieces: list[SpokenPiece] = []
        self._left = _letters(sentence)
        self._spoken = spoken
        self._at = 0
        """Characters of that which the pieces have spoken."""

    def take(self, piece: str) -> bool:
        """A piece of text is spoken. False if it is not the beginning of what is left of the sentence."""
        piece = _letters(piece)
        if not self._left.startswith(piece):
            return False
        self._left = self._left[len(piece) :]
        return True

    def add(self, text: str, piece: SpokenPiece) -> None:
        """Takes what the engine made of the next text. Its words are known by their places in the sentence."""
        place = self._spoken.find(text, self._at) if piece.words else -1
        if place >= 0:
            self._at = place + len(text)
            piece = replace(piece, words=moved(piece.words, characters=place))
        self.pieces.append(piece if place >= 0 else replace(piece, words=()))

    @property
    def is_complete(self) -> bool:
        """All of it was spoken."""
        return not self._left


def _letters(*texts: str) -> str:
    """All of the texts but their white space, which cuts take away."""
    return "".join("".join(text.split()) for text in texts)


def rendered_again(
    sentence: SpokenSentence, renderer: SpeechRenderer, rate: int, places: WordPlaces, *, last: bool
) -> Iterator[AudioChunk]:
    """A known sentence through all that the engine's audio goes through. `rate`: Hz of its samples. `places`: finds its
    words in the text that is spoken now. `last`: the file ends with it."""
    return gathered(_rendered_again(sentence, renderer, rate, places, last))


def _rendered_again(
    sentence: SpokenSentence, renderer: SpeechRenderer, rate: int, places: WordPlaces, last: bool
) -> Iterator[AudioChunk]:
    first, most = round(FIRST_SECONDS * rate), round(BLOCK_SECONDS * rate)
    for number, piece in enumerate(sentence.pieces):
        samples = piece.samples
        renderer.expect(samples)
        if piece.words:
            renderer.note(places.found(0, piece.words))
        yield renderer.push(samples[:first])
        for start in range(first, len(samples), most):
            yield renderer.push(samples[start : start + most])
        ended, ends = renderer.end_piece(piece.pause), number + 1 == len(sentence.pieces) and not last
        yield replace(ended, ends_piece=ends and renderer.begun)
    if last and renderer.begun:
        yield replace(renderer.finish(), ends_piece=True)
