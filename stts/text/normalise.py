"""Normalises text sent by clients for speech: one Unicode form, plain white space, nothing invisible."""

from __future__ import annotations

import re
import unicodedata

from stts.errors import InvalidText, TextTooLong

MAX_MARKS = 30
"""Combining marks kept on one letter (UAX #15, stream-safe text): without a bound, composing takes quadratic time."""

SPEAKABLE = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Sm", "Sc", "So"})
"""Letters, numbers and symbols, by Unicode category; marks and other punctuation alone say nothing."""
_NAMED = frozenset("%‰&@§")
"""Punctuation that is read by its name."""
_DRAWN = re.compile(r"[|~¬\u2190-\u21ff\u2500-\u25ff\u2800-\u28ff]")
"""Symbols that draw and say nothing: bars, arrows, boxes, blocks, shapes, patterns of dots."""

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LONG_RUN = re.compile(rf"[^\w\s\x00-\x7f]{{{MAX_MARKS},}}")
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f"  # controls
    "\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"  # soft hyphen, zero width space, direction
    "\ufdd0-\ufdef\ufeff\ufff0-\uffff"  # byte order mark, annotations, replacements, non-characters
    "\ue000-\uf8ff\U000e0000-\U0010ffff"  # tags, private use
    "]+"
)
_SPACES = re.compile(r"(?: [^\S\n]|[^\S\n ])[^\S\n]*")
_AROUND_LINE_END = re.compile(r" \n ?|\n ")
_BLANK_LINES = re.compile(r"\n{3,}")
_LETTER = re.compile(r"[^\W_]")


def clean_text(text: str, limit: int) -> str:
    """Cleans a text of at least one visible character and at most `limit` characters as sent.

    Line ends become `\\n`, paragraphs stand one blank line apart, other white space is one space. Joiners inside words
    and emoji stay. Raises TextTooLong and InvalidText.
    """
    intake = TextIntake(limit)
    text = _clean(intake.push(text) + intake.finish())
    if not text:
        raise InvalidText("The text is empty.", param="text")
    return text


def clean_piece(text: str) -> str:
    """Cleans a piece of a text that has passed a `TextIntake`; empty where it holds nothing to be spoken."""
    text = _clean(text)
    return text if speakable(text) else ""


def speakable(text: str) -> bool:
    """True if the text has something to say: a letter, a number, or a symbol with a name."""
    return has_words(text) or any(map(_spoken_symbol, set(text)))


def has_words(text: str) -> bool:
    """True if the text has a letter or a number, for which every voice that knows its script has a sound."""
    return _LETTER.search(text) is not None


def _spoken_symbol(character: str) -> bool:
    if unicodedata.category(character) in SPEAKABLE:
        return not _DRAWN.match(character)
    return character in _NAMED


def _clean(text: str) -> str:
    if text.isascii() and text.isprintable():
        # Most texts of one line: nothing but spaces can be too many.
        return _SPACES.sub(" ", text).strip()
    text = _INVISIBLE.sub("", _LINE_END.sub("\n", text))
    text = unicodedata.normalize("NFC", _LONG_RUN.sub(_fewer_marks, text))
    text = _AROUND_LINE_END.sub("\n", _SPACES.sub(" ", text))
    return _BLANK_LINES.sub("\n\n", text).strip()


class TextIntake:
    """Checks a text that comes in parts: their length together, and that they are Unicode.

    Clients that cut their strings between UTF-16 units send halves of characters: the first waits for the second.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._half = ""
        self.characters = 0
        """Characters so far, as sent."""

    def push(self, part: str) -> str:
        """Returns the text without half a character at its end. Raises TextTooLong and InvalidText."""
        self.characters += len(part)
        if self.characters > self._limit:
            raise TextTooLong(f"The text is longer than the limit of {self._limit} characters.", param="text")
        part = self._half + part
        self._half = part[-1] if "\ud800" <= part[-1:] <= "\udbff" else ""
        part = part.removesuffix(self._half)
        return _joined_halves(part) if _SURROGATE.search(part) else part

    def finish(self) -> str:
        """Ends the text. Raises InvalidText where half a character is left."""
        return _joined_halves(self._half)


def _joined_halves(text: str) -> str:
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise InvalidText("The text is not valid Unicode: it contains a lone surrogate.", param="text") from None


def _fewer_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for character in run.group():
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)
