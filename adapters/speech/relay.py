"""Hands a speech over from an engine that failed within it to the next: the text that is left, and the file begun.

What was not heard of the text is spoken by the next engine, from the beginning of the sentence that was cut: of that
nobody knows how far it came, and words that come twice do less harm than words that are lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from adapters.speech.answer import Speech
from adapters.speech.text_source import CompleteText, TextSource
from stts.plans import SpeechPlan
from stts.scheduling.playback import Playback
from stts.speech import AudioChunk
from stts.streams.channel import Channel
from stts.text.sentences import NextSentence, sentences

CERTAIN = 0.75
"""Part of the text that is taken for heard, of what the voice usually says in the time of its audio."""


class Relay:
    """One for each request that may change its voice."""

    def __init__(self) -> None:
        self._speech: Speech | None = None
        """The speech of the newest attempt."""
        self._goes_on = False

    def begin(self) -> Speech | None:
        """The speech that an attempt goes on with; None: it begins at the beginning."""
        goes_on, self._goes_on = self._goes_on, False
        return self._speech if goes_on else None

    def carry(self, speech: Speech) -> None:
        """An attempt has begun."""
        self._speech = speech

    def resume(self) -> bool:
        """Lets the next attempt go on where the last one ended. False: none has sent anything, or all was heard.

        Whoever makes the last one may be at work still, until it has been cancelled.
        """
        speech = self._speech
        if speech is not None and speech.sent:
            speech.renderer.retire()
            _take_back(speech)
            speech.handed_over = True
            self._goes_on = not speech.finished or speech.renderer.unsent
        return self._goes_on

    async def cut(self, speech: Speech, ready: Channel[AudioChunk]) -> None:
        """The engine of a speech has failed: gives its listener what there is of it, where any was given before."""
        if speech.sent:
            _take_back(speech)
            for chunk in [*speech.held, await asyncio.to_thread(speech.renderer.leave)]:
                if chunk.data:
                    speech.put(chunk, ready)


def _take_back(speech: Speech) -> None:
    """Puts what was not heard of the text in front of the rest."""
    again = unheard(speech)
    speech.untold.clear()
    speech.piece = ""
    if again:
        speech.script = ResumedText(again, speech.script, speech.plan)
    speech.finished = speech.script.done


def unheard(speech: Speech) -> str:
    """The text of what was taken from the source and of which nothing, or not all, was heard."""
    ready = speech.renderer.unsent_seconds
    if not speech.piece or (speech.untold and not ready):
        return " ".join(speech.untold)
    # What is ready is sent before the next engine's first.
    heard = (speech.piece_seconds + ready) * speech.planner.characters_per_second * CERTAIN
    left = sentences(speech.piece, speech.plan.language)
    while left and len(left[0]) <= heard:
        heard -= len(left.pop(0))
    return " ".join([*speech.untold[:-1], *left])


class ResumedText:
    """A text source that begins with a part that was taken from it before."""

    def __init__(self, again: str, source: TextSource, plan: SpeechPlan) -> None:
        self._again = CompleteText(again, plan.language, plan.dictionary)
        self._source = source

    @property
    def characters(self) -> int:
        return self._source.characters

    @property
    def written_at(self) -> float | None:
        return self._source.written_at

    @property
    def done(self) -> bool:
        return self._again.done and self._source.done

    async def ready(self, playback: Playback, real_time_factor: float | None) -> bool:
        return not self._again.done or await self._source.ready(playback, real_time_factor)

    def next_piece(self, max_characters: int, min_characters: int, sentence: int = 0) -> str | None:
        return self._next.next_piece(max_characters, min_characters, sentence)

    def next_sentences(self, max_characters: int, min_characters: int) -> Iterator[NextSentence]:
        return self._next.next_sentences(max_characters, min_characters)

    def take(self, characters: int) -> None:
        self._next.take(characters)

    @property
    def _next(self) -> TextSource:
        return self._source if self._again.done else self._again
