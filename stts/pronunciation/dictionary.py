"""A dictionary of pronunciation, made ready: whole words and phrases of a text become what is to be said for them.

No pattern of anybody's is ever run. The text is read once, word by word, and each word is looked up; only where an
entry begins with it are characters compared. So the time grows with the text, whatever stands in the dictionary.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

MOST_KEPT = 32
"""Dictionaries that are kept ready."""

Layer = frozenset[tuple[str, str]]
"""Entries of one place: those of a request, of a voice, or of the server."""

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Scripts without space between words (Thai, Lao, Burmese, Khmer, Han, Kana): an entry is found anywhere in them."""
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_TAG = r"</?[A-Za-z][^<>]{0,300}>|\[\[[^\[\]\n]{0,300}\]\]|\[[^\[\]\n]{1,100}\](?:\(/[^()\n]{0,200}\))?"
"""Tags, as engines and dialects have them, with a pronunciation that may follow: left as they are."""
_JOINERS = "_\u200c\u200d"
_APOSTROPHES = "'\u2019"
_NOT = ("t", "T")
_OPENING = "\"'([{<«‹„“”‘’¿¡*_"
_PHRASE_CHARACTERS = 200
"""Characters before a cut in which a phrase may have begun."""


class Entry(NamedTuple):
    word: str
    spoken: str
    is_exact: bool
    """Found only as it is written; else in any letter case."""
    parts: tuple[str, ...]
    """Its words, between which any white space may stand."""
    is_plain: bool
    """One word that is written in one way only."""
    begins_word: bool
    """Begins with a letter of a word; nothing of one may stand before it."""
    ends_word: bool
    """The same at its end."""


class Dictionary:
    """Frozen once made. Two of the same entries are equal."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        """`layers`: entries of an earlier one go before those of a later one."""
        entries = _ordered(layers)
        content = json.dumps([entry[:2] for entry in entries])
        self.digest = hashlib.sha256(content.encode()).hexdigest()
        """Names its content."""
        self._tokens = _tokens(entry.word for entry in entries)
        self._entries: dict[str, list[Entry]] = {}
        self._begun: dict[str, set[str]] = {}
        """Beginnings of phrases, up to a space in them, and the characters that follow then."""
        for entry in entries:
            first = self._tokens.search(entry.word)
            assert first is not None
            self._entries.setdefault(first[0].lower(), []).append(entry)
            words = [part.lower() for part in entry.parts]
            for number in range(1, len(words)):
                self._begun.setdefault(" ".join(words[:number]), set()).add(words[number][0])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dictionary) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def respell(self, text: str) -> str:
        """The text as it is to be spoken; the very same where no entry is in it. Of several the longest counts."""
        spoken: list[str] = []
        done = 0
        for found in self._tokens.finditer(text):
            candidates = self._entries.get(found[0].lower())
            if candidates is None or found.start() < done:
                continue
            for entry in candidates:
                if (end := _end(entry, text, found.start())) > 0:
                    spoken += text[done : found.start()], *_set_apart(entry, text, found.start(), end)
                    done = end
                    break
        return "".join([*spoken, text[done:]]) if spoken else text

    def parts_phrase(self, text: str, cut: int) -> bool:
        """True if a text that is cut here may have a phrase of the dictionary on both sides of the cut."""
        if not self._begun:
            return False
        words = _plain(text[max(0, cut - _PHRASE_CHARACTERS) : cut]).lower().split()
        following = text[cut : cut + _PHRASE_CHARACTERS].lstrip()[:1].lower()
        for count in range(1, len(words) + 1):
            follows = self._begun.get(" ".join(words[-count:]).lstrip(_OPENING))
            if follows is not None and (not following or _plain(following) in follows):
                return True
        return False


def layer_of(entries: Mapping[str, str]) -> Layer:
    return frozenset(entries.items())


def dictionary_of(layers: Iterable[Layer]) -> Dictionary | None:
    """The dictionary of these, made once for the same; None where there is no entry."""
    kept = tuple(layer for layer in layers if layer)
    return _made(kept) if kept else None


def spoken_characters(text: str, entries: Mapping[str, str]) -> int:
    """Characters of a text that these entries may lengthen: a short text could else ask for long speech."""
    dictionary = dictionary_of([layer_of(entries)]) if entries else None
    return len(text) if dictionary is None else max(len(text), len(dictionary.respell(text)))


@lru_cache(MOST_KEPT)
def _made(layers: tuple[Layer, ...]) -> Dictionary:
    return Dictionary(layers)


def _ordered(layers: Sequence[Layer]) -> list[Entry]:
    """Longer ones first; of equally long ones those of earlier layers, then those that are found as they are written.

    An entry in lower case is found in any case, as in a search: `nguyen` stands for all, `STTS` for itself.
    """
    ranked: dict[str, tuple[int, Entry]] = {}
    for rank, layer in enumerate(layers):
        for word, spoken in layer:
            plain = _plain(word)
            if plain not in ranked:
                ranked[plain] = rank, _entry(plain, spoken)
    order = sorted(ranked.values(), key=lambda each: (-len(each[1].word), each[0], not each[1].is_exact, each[1].word))
    return [entry for _, entry in order]


def _entry(word: str, spoken: str) -> Entry:
    is_exact, parts = word != word.lower(), tuple(word.split())
    is_plain = len(parts) == 1 and "'" not in word and (is_exact or word == word.upper())
    return Entry(word, spoken, is_exact, parts, is_plain, _joins(word[0]), _joins(word[-1]))


def _tokens(words: Iterable[str]) -> re.Pattern[str]:
    """Finds tags, and all that an entry may begin with: words, and single characters that are in none."""
    alone = {word[0] for word in words if not _is_letter(word[0])}
    single = "".join(re.escape(each) for character in sorted(alone) for each in {character, character.lower()})
    return re.compile(f"{_TAG}|{f'[{single}]|' if single else ''}[^\\W{_UNSPACED}]+")


def _is_letter(character: str) -> bool:
    """True for what words with space between them are made of."""
    return (character.isalnum() or character == "_") and not _IS_UNSPACED.match(character)


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS" and character != "_"


def _end(entry: Entry, text: str, start: int) -> int:
    """Where an entry ends that begins at `start`; 0: it is not there, or is a part of a word."""
    if entry.is_plain and not text.startswith(entry.word, start):
        return 0
    if start and entry.begins_word and _joins(text[start - 1]):
        return 0
    at = start
    for number, part in enumerate(entry.parts):
        if number:
            before = at
            while text[at : at + 1].isspace():
                at += 1
            if at == before:
                return 0
        found = text[at : at + len(part)]
        if found != part:
            found = _plain(found)
            if (found if entry.is_exact else found.lower()) != part:
                return 0
        at += len(part)
    return at if not entry.ends_word or _ends_word(text, start, at) else 0


def _set_apart(entry: Entry, text: str, start: int, end: int) -> tuple[str, str, str]:
    """Its spoken form, with space beside it where a sign stood between letters: `ASP.NET`."""
    after = text[end : end + 1]
    apart_before = _is_sign(entry.word[0]) and text[start - 1 : start].isalnum()
    apart_after = _is_sign(entry.word[-1]) and (after.isalnum() or (after and unicodedata.category(after)[0] == "S"))
    return " " if apart_before else "", entry.spoken, " " if apart_after else ""


def _ends_word(text: str, start: int, at: int) -> bool:
    """True if a word ends here. It does before an apostrophe (`Ankara'da`), but not in `can't` and `l'eau`."""
    following = text[at : at + 1]
    if not following:
        return True
    if following in _APOSTROPHES and text[at + 1 : at + 2].isalpha():
        return at - start > 1 and not (text[at + 1] in _NOT and not text[at + 2 : at + 3].isalpha())
    return not _joins(following)


def _joins(character: str) -> bool:
    """True for what makes one word with the letter beside it: letters, digits, marks, and joiners of Persian."""
    if _IS_UNSPACED.match(character):
        return False
    return character.isalnum() or character in _JOINERS or unicodedata.category(character)[0] == "M"


def _plain(text: str) -> str:
    return text.replace("\u2019", "'") if "\u2019" in text else text
