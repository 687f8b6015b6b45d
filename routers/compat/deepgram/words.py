"""Words as Deepgram tells them: bare and as written, with times and how sure the engine is."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from stts.text.transcript import join_texts
from stts.text.units import Unit, units_of
from stts.transcription import Segment, Word

WIDEST = 10_000
"""Columns: no word is parted."""
INSIDE = "'’-.&@"
"""Marks that belong to a word where they stand within it."""
UNTOLD = 1.0
"""Confidence of what an engine says nothing about."""


@dataclass(frozen=True, slots=True)
class Told:
    """The words said in a stretch of audio."""

    text: str
    words: tuple[dict[str, Any], ...]
    confidence: float

    def alternative(self) -> dict[str, Any]:
        return {"transcript": self.text, "confidence": self.confidence, "words": list(self.words)}


SILENCE = Told("", (), 0.0)


def told(
    segments: Sequence[Segment],
    *,
    formatted: bool,
    offset: float = 0.0,
    span: tuple[float, float] = (0.0, math.inf),
    skipped: int = 0,
) -> Told:
    """The words of segments. `offset`: seconds at which their times begin; `span`: seconds that they lie within;
    `skipped`: visible characters that are left out, because they were told before.

    `formatted`: with punctuation and capitals. Where an engine tells no word times, those of the segment are shared
    out by the length of its words.
    """
    words: list[dict[str, Any]] = []
    texts: list[str] = []
    for segment in segments:
        bared, written, whole = "", "", not skipped
        sureness = _Sureness(segment)
        for unit in units_of(segment, WIDEST):
            # Engines tell a text that has grown in other words; its characters stay.
            written_here, skipped = unit.text[skipped:], max(0, skipped - len(unit.text))
            if not (word := bare(written_here)):
                continue
            bared += f" {word}" if bared and unit.spaced else word
            written += f" {written_here}" if written and unit.spaced else written_here
            unit = replace(unit, text=written_here)
            words.append(_word(word, unit, sureness.of(unit), formatted=formatted, offset=offset, span=span))
        texts.append(bared if not formatted else segment.text if whole else written)
    sure = [each["confidence"] for each in words]
    text = join_texts(texts, segments[0].language if segments else None)
    return Told(text, tuple(words), round(sum(sure) / len(sure), 4) if sure else 0.0)


def bare(word: str) -> str:
    """The word in small letters, without marks around it and without those that do not belong into a word."""
    kept = "".join(
        character for character in word if character.isalnum() or character in INSIDE or _combines(character)
    )
    return kept.strip(INSIDE).lower()


def _combines(character: str) -> bool:
    """Vowel signs and accents of their own, without which words of many scripts fall apart."""
    return unicodedata.category(character) in ("Mn", "Mc")


def _word(
    word: str, unit: Unit, sure: float, *, formatted: bool, offset: float, span: tuple[float, float]
) -> dict[str, Any]:
    first, last = span
    found: dict[str, Any] = {
        "word": word,
        "start": round(min(max(offset + unit.start, first), last), 3),
        "end": round(min(max(offset + unit.end, first), last), 3),
        "confidence": round(sure, 4),
    }
    if formatted:
        found["punctuated_word"] = unit.text
    return found


class _Sureness:
    """How sure the engine is of the words of one segment, which are asked for in order."""

    def __init__(self, segment: Segment) -> None:
        self._words = segment.words
        self._next = 0
        logprob = segment.avg_logprob
        self._whole = UNTOLD if logprob is None else min(1.0, math.exp(logprob))

    def of(self, unit: Unit) -> float:
        """That of the engine's word at this time, else of the segment."""
        words = self._words
        if not words:
            return self._whole
        while self._next + 1 < len(words) and _overlap(words[self._next + 1], unit) > _overlap(words[self._next], unit):
            self._next += 1
        told = words[self._next].probability
        return self._whole if told is None else min(1.0, max(0.0, told))


def _overlap(word: Word, unit: Unit) -> float:
    return min(word.end, unit.end) - max(word.start, unit.start)
