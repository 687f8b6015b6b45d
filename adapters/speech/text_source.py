"""Text sources of a speech: a whole text, or one that is still being written. Pieces are cut when asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Protocol

from stts.scheduling.chunking import smallest_unit
from stts.scheduling.playback import Playback
from stts.streams.live import LiveText, Mark
from stts.text.growing import GrowingCutter
from stts.text.markup import MarkupRemover
from stts.text.normalise import TextIntake, clean_piece, speakable
from stts.text.sentences import NextSentence, Phrases, TextCutter


class TextSource(Protocol):
    @property
    def characters(self) -> int:
        """So far."""
        ...

    @property
    def written_at(self) -> float | None:
        """`time.perf_counter()` of the latest of it that was written; None: it was all there from the beginning."""
        ...

    @property
    def done(self) -> bool:
        """All is taken and nothing will come."""
        ...

    async def ready(self, playback: Playback, real_time_factor: float | None) -> bool:
        """Waits until there is a piece to take; False: there will be none."""
        ...

    def next_piece(self, max_characters: int, min_characters: int, sentence: int = 0) -> str | None:
        """Cleaned; None where what is there cannot be spoken. The lengths are those of `TextCutter.next_piece`."""
        ...

    def next_sentences(self, max_characters: int, min_characters: int) -> Iterator[NextSentence]:
        """As `TextCutter.next_sentences`, cleaned, up to a sentence that cannot be spoken."""
        ...

    def take(self, characters: int) -> None:
        """Takes the next sentences up to the end of one of them."""
        ...


class CompleteText:
    """Text source for a complete text, as `complete_text` made it."""

    written_at = None

    def __init__(self, text: str, language: str | None, phrases: Phrases | None = None) -> None:
        self.characters = len(text)
        self._cutter = TextCutter(text, language, phrases)

    @property
    def done(self) -> bool:
        return self._cutter.done

    async def ready(self, playback: Playback, real_time_factor: float | None) -> bool:
        return not self._cutter.done

    def next_piece(self, max_characters: int, min_characters: int, sentence: int = 0) -> str | None:
        return self._cutter.next_piece(max_characters, min_characters, sentence=sentence)

    def next_sentences(self, max_characters: int, min_characters: int) -> Iterator[NextSentence]:
        found = self._cutter.next_sentences(max_characters, min_characters)
        return takewhile(lambda sentence: speakable(sentence.text), found)

    def take(self, characters: int) -> None:
        self._cutter.take(characters)


class StreamingText:
    """Text source for a text being written: clauses while a listener waits, sentences while there is audio in hand."""

    def __init__(
        self,
        text: LiveText,
        language: str | None,
        limit: int,
        min_characters: int,
        phrases: Phrases | None = None,
        *,
        speak_markup: bool,
    ) -> None:
        self._text = text
        self._markup = MarkupRemover() if speak_markup else None
        self._intake = TextIntake(limit)
        self._cutter = GrowingCutter(language, phrases)
        self._min_characters = min_characters
        self.written_at: float | None = None

    @property
    def characters(self) -> int:
        return self._intake.characters

    @property
    def done(self) -> bool:
        return self._cutter.done

    async def ready(self, playback: Playback, real_time_factor: float | None) -> bool:
        """Raises TextTooLong and InvalidText for what is written."""
        while True:
            now = time.monotonic()
            unit, seconds = smallest_unit(playback.deadline - now if playback.begun else None, real_time_factor)
            if self._cutter.ready(unit, self._min_characters):
                playback.waited(now)
                return True
            if self._cutter.closed:
                return False
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    self._read(await self._text.take())

    def next_piece(self, max_characters: int, min_characters: int, sentence: int = 0) -> str | None:
        piece = self._cutter.next_piece(max_characters, min_characters, sentence=sentence)
        return clean_piece(piece or "") or None

    def next_sentences(self, max_characters: int, min_characters: int) -> Iterator[NextSentence]:
        found = self._cutter.next_sentences(max_characters, min_characters)
        cleaned = (NextSentence(clean_piece(each.text), each.end) for each in found)
        return takewhile(lambda sentence: bool(sentence.text), cleaned)

    def take(self, characters: int) -> None:
        self._cutter.take(characters)

    def _read(self, parts: Sequence[str | Mark]) -> None:
        self.written_at = time.perf_counter()
        if not parts:
            self._intake.finish()
            self._add("", complete=True)
            self._cutter.close()
        written: list[str] = []
        for part in parts:
            if isinstance(part, str):
                written.append(self._intake.push(part))
                continue
            self._add("".join(written), complete=True)
            self._cutter.flush()
            written.clear()
        self._add("".join(written))

    def _add(self, text: str, *, complete: bool = False) -> None:
        """`complete`: what was added so far waits for nothing any more."""
        if self._markup is not None:
            text = self._markup.feed(text) + (self._markup.finish() if complete else "")
        self._cutter.add(text)
