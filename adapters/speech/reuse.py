"""Speaks only what is new: sentences of a text that the engine has spoken before are heard again, the others are kept.

What an engine is given is a piece of text, and what it makes of it depends on nothing else that it is not told. So a
sentence is known by its text and by all that the engine is told, wherever it stands, and whatever becomes of its audio:
another format, sample rate, loudness or pitch uses it again.
"""

from __future__ import annotations

from collections.abc import Iterator

from adapters.speech.render import ChunkRenderer, gathered
from adapters.speech.text_source import TextSource
from stts.audio.speech import SpeechRenderer
from stts.engine_api import EngineInfo
from stts.plans import SpeechPlan
from stts.protocols import SentenceCache
from stts.speech import AudioChunk
from stts.spoken import SpokenPiece, SpokenSentence
from stts.text.sentences import NextSentence

WORTH_KEEPING = 0.005
"""Seconds of work for a second of speech, as an engine states them, from which on a sentence is kept: one that is
faster speaks it again as soon as it is found."""

FIRST_SECONDS = 0.2
BLOCK_SECONDS = 1.0
"""Audio of a known sentence that is rendered at once: a little first, so that it is heard early."""


def is_worth_keeping(info: EngineInfo) -> bool:
    """True if looking for a sentence takes less than speaking it."""
    return info.real_time_factor is None or info.real_time_factor >= WORTH_KEEPING


class Reuse:
    """Knows the next sentences of one speech of one engine, and records them. Used by the task that makes it."""

    def __init__(self, cache: SentenceCache, info: EngineInfo, plan: SpeechPlan, *, renew: bool = False) -> None:
        """`renew`: all is spoken, and kept in the place of what is known."""
        self._cache = cache
        self._renews = renew
        self._info = info
        self._plan = plan
        extra = plan.params.extra
        # Parameters may say what lies between sentences, which only an engine that has several puts there.
        self._one_by_one = info.by_sentence and (extra is None or extra == type(extra)())
        self._next: NextSentence | None = None
        self._recording: Recording | None = None

    async def look(self, script: TextSource) -> tuple[NextSentence, SpokenSentence] | None:
        """The next sentence of a text, which stays in it, where it was spoken before."""
        self._next = next(self._sentences(script), None)
        if self._next is None or self._recording is not None or self._renews:
            return None
        key = self._plan.sentence_key(self._next.text)
        known = self._cache.find(key)
        if known is None and self._cache.may_have(key):
            known = await self._cache.fetch(key)
        return None if known is None else (self._next, known)

    def most_characters(self, script: TextSource, budget: int) -> int:
        """The most characters of the next piece, which none has spoken: it ends before a sentence that is known.

        An engine that makes each sentence for itself gets one at a time, so that each can be kept.
        """
        if self._next is None:
            return budget
        if self._one_by_one:
            return min(budget, self._next.end)
        if self._renews:
            return budget
        before = self._next.end
        for sentence in self._sentences(script):
            if sentence.end > budget:
                break
            if sentence.end > before and self._cache.find(self._plan.sentence_key(sentence.text)) is not None:
                return before
            before = sentence.end
        return budget

    def begin_piece(self, text: str) -> bool:
        """A piece is taken. True if its audio is to be recorded: it is a sentence, or a part of one."""
        if self._recording is None and self._next is not None:
            key = self._plan.sentence_key(self._next.text)
            self._recording = Recording(key, self._next.text, self._cache.removals)
        if self._recording is not None and not self._recording.take(text):
            self._recording = None
        return self._recording is not None

    def end_piece(self, piece: ChunkRenderer) -> None:
        """The piece was made to its end. A sentence with one that nobody hears is not kept."""
        recording, spoken = self._recording, piece.spoken
        if recording is None or spoken is None or not piece.audible:
            self._recording = None
            return
        recording.pieces.append(spoken)
        if recording.is_complete:
            self._recording = None
            sentence = SpokenSentence(tuple(recording.pieces))
            self._cache.keep(recording.key, sentence, self._plan, recording.since)

    def _sentences(self, script: TextSource) -> Iterator[NextSentence]:
        limits = self._info.limits
        return script.next_sentences(limits.max_characters, limits.min_characters)


class Recording:
    """A sentence while it is spoken, in one piece or in several."""

    def __init__(self, key: str, sentence: str, since: int) -> None:
        """`since`: removals from the cache so far."""
        self.key = key
        self.since = since
        self.pieces: list[SpokenPiece] = []
        self._left = "".join(sentence.split())

    def take(self, piece: str) -> bool:
        """A piece of text is spoken. False if it is not the beginning of what is left of the sentence."""
        piece = "".join(piece.split())
        if not self._left.startswith(piece):
            return False
        self._left = self._left[len(piece) :]
        return True

    @property
    def is_complete(self) -> bool:
        """All of it was spoken."""
        return not self._left


def rendered_again(
    sentence: SpokenSentence, renderer: SpeechRenderer, rate: int, *, last: bool
) -> Iterator[AudioChunk]:
    """A known sentence through all that the engine's audio goes through. `rate`: Hz of its samples. `last`: the file
    ends with it."""
    return gathered(_rendered_again(sentence, renderer, rate, last))


def _rendered_again(sentence: SpokenSentence, renderer: SpeechRenderer, rate: int, last: bool) -> Iterator[AudioChunk]:
    first, most = round(FIRST_SECONDS * rate), round(BLOCK_SECONDS * rate)
    for piece in sentence.pieces:
        samples = piece.samples
        renderer.expect(samples)
        yield renderer.push(samples[:first])
        for start in range(first, len(samples), most):
            yield renderer.push(samples[start : start + most])
        yield renderer.end_piece(piece.pause)
    if last and renderer.begun:
        yield renderer.finish()
