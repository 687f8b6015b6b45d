"""Cuts text for streaming speech, one piece at a time, each as long as its moment allows.

Nothing is cut before it is asked for, and no more text is looked at than one piece may hold, so that the first piece of
a book costs as little as that of a line. Sentences are found by `sentencex`, which knows abbreviations and the marks of
some 300 languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from stts.languages import primary

LOOKAHEAD = 64
"""Characters looked at behind the longest piece: whether a full stop ends a sentence shows in what follows."""

GRAPHEME_SEARCH = 64
"""Characters that a cut inside a word may move back to keep what is written as one."""

_PARAGRAPH = re.compile(r"\s*\n\s*\n")
_CLAUSE = re.compile(
    r"""[,;:!?…]+["'”’»)\]}]*(?=\s)"""  # marks that also stand inside numbers and words
    r"|\s[-–—]+(?=\s)|—"
    r"|[、，；：。！？｡､،؛؟।॥၊။።፣፤፥፦՝៖།]+[”’」』）】》]*"
    r"|(?=\n)"
)
_WORD = re.compile(r"(?<=\S)(?=\s)")
_SPACE = re.compile(r"\s*")
_ANY_SPACE = re.compile(r"\s")

_CLOSING = frozenset("!?:;.,…»”’)]}、，；：。！？」』）】》،؛؟।॥%")
"""No piece should begin with one of these."""

_NUMBERING = re.compile(r"\(?\w{1,3}[.)]")
"""The number of a list's entry, which belongs to what follows."""

_ZERO_WIDTH_JOINER = "\u200d"
_VIRAMA = 9
"""Canonical combining class of the sign that binds two consonants."""


class Phrases(Protocol):
    def parts_phrase(self, text: str, cut: int) -> bool:
        """True if a text that is cut here may have a phrase on both sides of the cut."""
        ...


class NextSentence(NamedTuple):
    """A sentence that lies at the front of a text, or behind others that do."""

    text: str
    end: int
    """Characters of the text up to its end."""


def sentences(text: str, language: str | None) -> list[str]:
    """The sentences of a text, without the space around them: all of the text, in its order."""
    import sentencex

    found: list[str] = []
    numbering = ""
    for paragraph in _PARAGRAPH.split(text):
        line = _ANY_SPACE.sub(" ", paragraph)
        for sentence in map(str.strip, sentencex.segment(primary(language or "en"), line)):
            if _NUMBERING.fullmatch(sentence):
                numbering = f"{numbering} {sentence}".lstrip()
            elif sentence:
                found.append(f"{numbering} {sentence}".lstrip())
                numbering = ""
    return [*found, numbering] if numbering else found


class TextCutter:
    """Cuts a text into pieces. Joined, they are the text but for the white space between them."""

    def __init__(self, text: str, language: str | None, phrases: Phrases | None = None) -> None:
        """`phrases`: words that are not parted where a cut may be made elsewhere."""
        self._text = text
        self._phrases = phrases
        self._language = primary(language or "en")
        self._end = len(text.rstrip())
        self._at = self._skip_space(0)

    @property
    def remaining(self) -> int:
        """Characters not yet taken."""
        return self._end - self._at

    @property
    def done(self) -> bool:
        return self._at >= self._end

    def next_piece(self, max_characters: int, min_characters: int = 1, *, sentence: int = 0) -> str | None:
        """The next piece, at most `max_characters` long; None when all is taken.

        Ends with the last sentence that fits, else clause, else word, else anywhere. Where there is a choice, neither
        the piece nor what it leaves is shorter than `min_characters`. A sentence of up to `sentence` characters is
        never cut, although it may not fit.
        """
        if self._at >= self._end:
            return None
        longest = max(max_characters, 1)
        whole = 0
        if longest < min(sentence, self.remaining):
            whole = self._first_sentence(sentence)
            longest = longest if whole else sentence
        return self.take(max(whole, self._longest_cut(longest, min_characters)))

    def next_sentences(self, max_characters: int, min_characters: int = 1) -> Iterator[NextSentence]:
        """The sentences that come next and have ended, which stay: `take` one by its end. Together they are at most
        `max_characters` long, and neither they nor what they leave is shorter than `min_characters`.
        """
        window = self._text[self._at : self._at + max_characters + LOOKAHEAD]
        ends, left = self._sentence_ends(window), self.remaining
        cuts = [cut for cut in ends if cut < left and cut <= max_characters and self._good_rest(cut, min_characters)]
        if left <= max_characters and (self._has_ended or left in ends):
            cuts.append(left)
        start = 0
        for cut in cuts:
            text = window[start:cut].strip()
            if len(text) >= min_characters and (cut == left or not _NUMBERING.fullmatch(text)):
                yield NextSentence(text, cut)
                start = cut

    @property
    def _has_ended(self) -> bool:
        """True if the text that is there ends a sentence, whatever follows."""
        return True

    def _first_sentence(self, longest: int) -> int:
        """Characters of the next sentence; 0 where it has more than `longest`."""
        if self.remaining <= longest:
            longest = self.remaining
        window = self._text[self._at : self._at + longest + LOOKAHEAD]
        cuts = (cut for cut in self._sentence_ends(window) if 0 < cut <= longest)
        found = next((cut for cut in cuts if not self._parts_phrase(cut)), 0)
        return found or (self.remaining if self.remaining <= longest else 0)

    def _longest_cut(self, longest: int, shortest: int) -> int:
        return self.remaining if self.remaining <= longest else self._cut(longest, shortest)

    def take(self, characters: int) -> str:
        """Takes so much of the text as a piece."""
        cut = self._at + characters
        piece = self._text[self._at : cut].rstrip()
        self._at = self._skip_space(cut)
        return piece

    def _cut(self, longest: int, shortest: int) -> int:
        window = self._text[self._at : self._at + longest + LOOKAHEAD]
        kinds = [[cut for cut in cuts if cut <= longest] for cuts in self._ends(window)]
        for cuts in kinds:
            for cut in reversed(cuts):
                if cut >= shortest and self._good_rest(cut, shortest):
                    return cut
        return max((cuts[-1] for cuts in kinds if cuts), default=0) or _inside_word(window, longest)

    def _ends(self, window: str) -> list[list[int]]:
        """Ends of sentences, of clauses and of words in the window."""
        kinds = (self._sentence_ends(window), _matches(_CLAUSE, window), _matches(_WORD, window))
        return [[cut for cut in cuts if cut > 0] for cuts in kinds]

    def _good_rest(self, cut: int, shortest: int) -> bool:
        start = self._skip_space(self._at + cut)
        good = self._end - start >= shortest and self._text[start] not in _CLOSING
        return good and not self._parts_phrase(cut)

    def _parts_phrase(self, cut: int) -> bool:
        return self._phrases is not None and self._phrases.parts_phrase(self._text, self._at + cut)

    def _sentence_ends(self, window: str) -> list[int]:
        ends = set(_matches(_PARAGRAPH, window, end=False))
        import sentencex  # with the first text: an idle server does without its megabyte

        line = _ANY_SPACE.sub(" ", window)  # sentencex panics on some others
        at = 0
        for sentence in sentencex.segment(self._language, line)[:-1]:
            if not line.startswith(sentence, at):
                break
            at += len(sentence)
            ends.add(at - len(sentence) + len(sentence.rstrip()))
        return sorted(ends)

    def _skip_space(self, at: int) -> int:
        match = _SPACE.match(self._text, at, self._end)
        return match.end() if match else self._end


def _matches(pattern: re.Pattern[str], window: str, *, end: bool = True) -> Iterator[int]:
    return (match.end() if end else match.start() for match in pattern.finditer(window))


def _inside_word(window: str, longest: int) -> int:
    """The last cut inside a text without spaces that splits no grapheme."""
    for cut in range(longest, max(longest - GRAPHEME_SEARCH, 0), -1):
        if not _belong_together(window, cut):
            return cut
    return longest


def _belong_together(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    return (
        unicodedata.category(after).startswith("M")
        or _ZERO_WIDTH_JOINER in (before, after)
        or unicodedata.combining(before) == _VIRAMA
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or "\u1160" <= after <= "\u11ff"  # Hangul vowels and finals
        or after in _CLOSING
        or (_regional(after) and _flags_before(text, at) % 2 == 1)
    )


def _regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flags_before(text: str, at: int) -> int:
    start = at
    while start > 0 and _regional(text[start - 1]):
        start -= 1
    return at - start
