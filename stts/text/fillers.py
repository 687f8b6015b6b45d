"""Sounds that people make while they listen, in the spellings that recognisers give them."""

from __future__ import annotations

import re

FILLERS = frozenset(
    re.split(
        r"\s+",
        "ah aha ahh eh er erm ha hah hm hmm hmmm huh m mhm mhmm mm mmhm mmm oh ooh uh uhhuh uhm uhuh um umm",
    )
)
"""Fillers (backchannels): they carry no answer and mean "go on"."""

_LETTERS = re.compile(r"[^\W\d_]+", re.UNICODE)


def only_fillers(text: str) -> bool:
    """True if a text holds fillers only; true of an empty text."""
    words = text.lower().replace("-", "").split()
    return all("".join(_LETTERS.findall(word)) in FILLERS for word in words if _LETTERS.search(word) or word.isdigit())
