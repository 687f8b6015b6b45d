"""Sentences as voices without a text front end of their own can speak them: one at a time, with plain marks.

Such voices read an ellipsis as nothing or as noise, name a mark that stands alone, and know of no dash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stts.text.normalise import speakable
from stts.text.sentences import sentences

_LEADING = re.compile(r"^(?:\.{2,}|…|[\s,;:!?–—]|-(?!\d))+(?=\S)")
_ELLIPSIS = re.compile(r"\s*(?:…|\.(?:\s?\.)+)+")
_LAST_ELLIPSIS = re.compile(_ELLIPSIS.pattern + r"(?=\W*$)")
_BEFORE_MARK = re.compile(r"[,.]\s*(?=[.,;:!?])")
_MARKS = re.compile(r"[!?]{2,}")
_DASH = re.compile(r"\s+(?:-{1,3}|[–—])\s+|\s*—\s*|--+")


def plain_sentences(text: str, language: str | None) -> Iterator[str]:
    """Yields the sentences of a text that have something to say."""
    for sentence in sentences(text, language):
        plain = plain_marks(sentence)
        if speakable(plain):
            yield plain


def plain_marks(sentence: str) -> str:
    """The sentence with an ellipsis or a dash as a comma or a full stop, and one mark where several stand."""
    before = None
    while before != sentence:
        # What one pass takes away brings other marks together; each leaves fewer of them.
        before, sentence = sentence, _simplified(sentence)
    return sentence


def _simplified(sentence: str) -> str:
    sentence = _LEADING.sub("", sentence)
    sentence = _DASH.sub(", ", sentence)
    sentence = _ELLIPSIS.sub(", ", _LAST_ELLIPSIS.sub(".", sentence))
    sentence = _MARKS.sub(lambda marks: "?" if "?" in marks[0] else "!", sentence)
    return " ".join(_BEFORE_MARK.sub("", sentence).split())
