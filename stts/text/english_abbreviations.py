"""English abbreviations written out, so that their full stops end nothing."""

from __future__ import annotations

import re

# fmt: off
_BEFORE_NAMES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Dr": "Doctor", "Prof": "Professor", "St": "Saint", "Mt": "Mount",
    "Gen": "General", "Capt": "Captain", "Lt": "Lieutenant", "Col": "Colonel", "Sgt": "Sergeant", "Rev": "Reverend",
    "Hon": "Honorable", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative", "Pres": "President", "Ft": "Fort",
}
"""Where a capital letter follows."""
_ANYWHERE = {
    "vs": "versus", "etc": "et cetera", "e.g": "for example", "i.e": "that is", "approx": "approximately",
    "Jr": "Junior", "Sr": "Senior", "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation", "Co": "Company",
    "Dept": "Department", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "St": "Street", "Dr": "Drive",
    "est": "established", "min": "minutes", "max": "maximum", "dept": "department",
}
# fmt: on
_TITLE = re.compile(rf"\b(?P<short>{'|'.join(_BEFORE_NAMES)})\.(?=\s+[A-Z])")
_TITLE_ALONE = re.compile(r"\b(?P<short>Mr|Mrs|Ms|Dr)(?=\s+[A-Z][a-z])")
_SHORT = re.compile(rf"\b(?P<short>{'|'.join(re.escape(short) for short in _ANYWHERE)})\.(?P<end>\W*$)?")
_NUMBER = re.compile(r"\b(?:No|no|Nos|nos)\.\s?(?=\d)")
_LETTERS = re.compile(r"\b(?P<letters>(?:[A-Z]\.\s?){2,})(?P<end>\W*$)?")
_INITIAL = re.compile(r"\b(?P<letter>[A-HJ-Z])\.(?=\s[A-Z][a-z])")


def without_abbreviations(text: str) -> str:
    """The text with abbreviations as words, and letters with full stops as letters; the last full stop stays."""
    text = _NUMBER.sub("number ", text)
    text = _TITLE.sub(lambda match: _BEFORE_NAMES[match["short"]], text)
    text = _TITLE_ALONE.sub(lambda match: _BEFORE_NAMES[match["short"]], text)
    text = _SHORT.sub(lambda match: _ANYWHERE[match["short"]] + _ending(match), text)
    text = _LETTERS.sub(lambda match: " ".join(re.findall("[A-Z]", match["letters"])) + _after(match), text)
    return _INITIAL.sub(lambda match: match["letter"], text)


def _ending(match: re.Match[str]) -> str:
    """The full stop of an abbreviation at the end of the text ends the sentence too."""
    return "" if match["end"] is None else f".{match['end']}"


def _after(match: re.Match[str]) -> str:
    """A space where the last letter had one."""
    if match["end"] is not None:
        return f".{match['end']}"
    return " " if match["letters"].endswith(" ") else ""
