"""The script and language of a text: by its letters where they decide, else by scores of a language identifier.

Short texts in the Latin script are never decided: "OK", names and numbers are in every language. A wrong voice for an
English sentence is worse than a missed one for another, so the floor is high where there is little to judge by.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from stts.languages import primary

SAMPLE_CHARACTERS = 1000
"""Characters of a text that are examined."""

LATIN = "Latin"

_LETTERS = {
    LATIN: r"A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff",
    "Greek": r"\u0370-\u03ff\u1f00-\u1fff",
    "Cyrillic": r"\u0400-\u052f",
    "Armenian": r"\u0530-\u058f",
    "Hebrew": r"\u05d0-\u05f2",
    "Arabic": r"\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc",
    "Devanagari": r"\u0900-\u097f",
    "Bengali": r"\u0980-\u09ff",
    "Gurmukhi": r"\u0a00-\u0a7f",
    "Gujarati": r"\u0a80-\u0aff",
    "Odia": r"\u0b00-\u0b7f",
    "Tamil": r"\u0b80-\u0bff",
    "Telugu": r"\u0c00-\u0c7f",
    "Kannada": r"\u0c80-\u0cff",
    "Malayalam": r"\u0d00-\u0d7f",
    "Sinhala": r"\u0d80-\u0dff",
    "Thai": r"\u0e00-\u0e4f",
    "Lao": r"\u0e80-\u0eff",
    "Tibetan": r"\u0f40-\u0fbc",
    "Myanmar": r"\u1000-\u109f",
    "Georgian": r"\u10a0-\u10ff",
    "Ethiopic": r"\u1200-\u137f",
    "Khmer": r"\u1780-\u17d3",
    "Hangul": r"\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3",
    "Kana": r"\u3041-\u309f\u30a0-\u30fa\u30fc-\u30ff\uff66-\uff9f",
    "Han": r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
}


@cache
def _finders() -> Mapping[str, re.Pattern[str]]:
    return {script: re.compile(f"[{letters}]") for script, letters in _LETTERS.items()}


@cache
def _any_but_latin() -> re.Pattern[str]:
    return re.compile("[" + "".join(letters for script, letters in _LETTERS.items() if script != LATIN) + "]")


_WEIGHTS = {"Han": 2.5, "Kana": 2.0, "Hangul": 2.0}
"""Weight of one letter of a script, against a letter of an alphabet."""
_FEW = 0.05
"""Share of the characters below which a script is ignored."""
_KANA_SHARE = 0.05
"""Share of kana among East Asian letters from which a text is Japanese."""

LANGUAGES = {
    "Greek": ("el",),
    "Cyrillic": ("ru", "uk", "bg", "sr", "mk", "be", "kk", "ky", "tg", "mn", "tt", "ba"),
    "Armenian": ("hy",),
    "Hebrew": ("he", "yi"),
    "Arabic": ("ar", "fa", "ur", "ps", "sd", "ug"),
    "Devanagari": ("hi", "mr", "ne", "sa"),
    "Bengali": ("bn", "as"),
    "Gurmukhi": ("pa",),
    "Gujarati": ("gu",),
    "Odia": ("or",),
    "Tamil": ("ta",),
    "Telugu": ("te",),
    "Kannada": ("kn",),
    "Malayalam": ("ml",),
    "Sinhala": ("si",),
    "Thai": ("th",),
    "Lao": ("lo",),
    "Tibetan": ("bo",),
    "Myanmar": ("my",),
    "Georgian": ("ka",),
    "Ethiopic": ("am", "ti"),
    "Khmer": ("km",),
    "Hangul": ("ko",),
    "Kana": ("ja",),
    "Han": ("zh", "yue", "ja"),
}
"""Script -> languages written in it, the commonest first. Some are written in Latin letters too."""

_PLAIN = re.compile("[A-Za-z0-9]")
_ORDINARY = frozenset({"Lu", "Ll", "Lo"})
_SILENT_ALONE = frozenset("ъЪьЬцЦっッอऽઽᆯ")
"""Letters of which eSpeak NG makes no sound alone in some language: most of them change or carry that of others."""

_OWN_LETTERS = (
    ("be", re.compile("ў")),
    ("kk", re.compile("[ұқғәө]")),
    ("uk", re.compile("[їєґі]")),
    ("sr", re.compile("[ђћ]")),
    ("mk", re.compile("[ѓќѕ]")),
    ("ru", re.compile("[ыэ]")),
    ("ur", re.compile("[ٹڈڑںے]")),
    ("ps", re.compile("[ښځڅټډړ]")),
    ("fa", re.compile("[پچژگ]")),
    ("as", re.compile("[ৰৱ]")),
    ("mr", re.compile("ळ")),
)
"""Letters that only one language of a script has, among those that come after it here; the first hit counts."""

_SECOND_OPINION = 0.3
"""Least score with which the identifier overrules the commonest language of a script."""

# fmt: off
_LATIN_LANGUAGES = frozenset((
    "af", "az", "bs", "ca", "cs", "cy", "da", "de", "en", "es", "et", "eu", "fi", "fr", "ga", "gl", "hr", "hu",
    "id", "is", "it", "lb", "lt", "lv", "ms", "mt", "nl", "nn", "no", "pl", "pt", "ro", "sk", "sl", "sq", "sv",
    "sw", "tl", "tr", "uz", "vi",
))
# fmt: on
"""Identifiers know a hundred more, mostly by the noise in short texts."""
_KIN = (("da", "no", "nn"), ("id", "ms"), ("hr", "bs", "sr"), ("cs", "sk"), ("es", "gl", "ca"), ("pt", "gl"))
"""Languages that are confused with each other: their scores together say that it is one of them."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_FLOORS = ((10, 0.5), (5, 0.6), (4, 0.7), (3, 0.9))
"""Words at least -> score at least."""
FEWEST_WORDS = 3
_FEWEST_LETTERS = 10
# fmt: off
_ENGLISH = frozenset((
    "the", "of", "and", "are", "was", "were", "been", "you", "my", "your", "his", "her", "their", "this",
    "that", "these", "those", "with", "for", "from", "have", "has", "had", "what", "when", "where", "which",
    "who", "why", "how", "please", "will", "would", "could", "should", "not", "don't", "doesn't", "can't",
    "it's", "i'm", "is", "it", "to", "at", "turn", "next", "call", "text", "play", "show", "open", "send",
    "set", "left", "right", "by",
))
# fmt: on
"""Words of English that hardly begin a word elsewhere: with one in six, no other language is believed."""
_ENGLISH_SHARE = 1 / 6
_IN_SPITE_OF_ENGLISH = 0.95

Scores = Mapping[str, float]
"""ISO 639 code -> probability."""


def main_script(text: str) -> str | None:
    """The script of most of a text's letters; None where there are none."""
    sample = text[:SAMPLE_CHARACTERS]
    if not _any_but_latin().search(sample):
        return LATIN if _finders()[LATIN].search(sample) else None
    found = {script: len(finder.findall(sample)) * _WEIGHTS.get(script, 1.0) for script, finder in _finders().items()}
    east_asian = found["Han"] + found["Kana"]
    found["Han"], found["Kana"] = (0.0, east_asian) if found["Kana"] > _KANA_SHARE * east_asian else (east_asian, 0.0)
    script = max(found, key=lambda each: found[each])
    return script if found[script] else None


def has_letters(text: str, script: str) -> bool:
    """True if more than a few of a text's letters are of a script."""
    sample = text[:SAMPLE_CHARACTERS]
    return len(_finders()[script].findall(sample)) > _FEW * len(sample)


def has_sound(text: str, language: str | None) -> bool:
    """True if every voice of a language has a sound for some of a text. Of a language unknown, Latin letters count.

    Ordinary letters and digits do; for rare and circled ones, and for numerals of other scripts, many voices have none.
    """
    if _PLAIN.search(unicodedata.normalize("NFD", text)):
        return True
    others = ((script, finder) for script, finder in _finders().items() if script != LATIN)
    return any(
        language is not None and reads(language, script) and any(map(_is_ordinary, finder.findall(text)))
        for script, finder in others
    )


def _is_ordinary(letter: str) -> bool:
    compatible = unicodedata.decomposition(letter).startswith("<")
    return unicodedata.category(letter) in _ORDINARY and letter not in _SILENT_ALONE and not compatible


def reads(language: str, script: str) -> bool:
    """True if a voice of this language can read a script. Voices of all languages read Latin letters somehow."""
    if script == LATIN:
        return True
    if primary(language) in ("ja", "zh", "yue"):
        return script == "Han" or primary(language) in LANGUAGES[script]
    return primary(language) in LANGUAGES[script]


def decided_by_letters(text: str, script: str) -> str | None:
    """The language that the letters prove; None where they leave doubt."""
    languages = LANGUAGES.get(script, ())
    if len(languages) == 1:
        return languages[0]
    sample = text[:SAMPLE_CHARACTERS].lower()
    return next((code for code, own in _OWN_LETTERS if code in languages and own.search(sample)), None)


def worth_identifying(text: str) -> bool:
    """True if a Latin text is long enough for an identifier."""
    words = _WORD.findall(text[:SAMPLE_CHARACTERS])
    return len(words) >= FEWEST_WORDS and sum(map(len, words)) >= _FEWEST_LETTERS


def decided_by_scores(text: str, script: str, scores: Scores) -> str | None:
    """The language by an identifier's scores; None where they are too low."""
    if script != LATIN:
        languages = LANGUAGES[script]
        best = max(languages, key=lambda code: scores.get(code, 0.0))
        return best if scores.get(best, 0.0) >= _SECOND_OPINION else languages[0]
    if not worth_identifying(text):
        return None
    words = _WORD.findall(text[:SAMPLE_CHARACTERS].lower())
    known = {code: score for code, score in scores.items() if code in _LATIN_LANGUAGES}
    best = max(known, key=lambda code: known[code], default="en")
    kin = {best}.union(*(group for group in _KIN if best in group))
    floor = next(score for count, score in _FLOORS if len(words) >= count)
    if best != "en" and sum(word in _ENGLISH for word in words) >= _ENGLISH_SHARE * len(words):
        floor = _IN_SPITE_OF_ENGLISH
    return best if sum(known.get(code, 0.0) for code in kin) >= floor else None
