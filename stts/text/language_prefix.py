"""A language that stands before a text: `fa: سلام`."""

from __future__ import annotations

import re

from stts.languages import is_known, read_language

_PREFIX = re.compile(r"\s*([a-z]{2}(?:[-_][A-Za-z]{2,4})?)\s*:(?!//)\s*(?=\S)")
"""Small letters alone: sentences that begin with `No:` or `PS:` name no language."""


def split_language(text: str) -> tuple[str | None, str]:
    """The BCP 47 tag that stands before a text, and the text behind it; None and all of it where none does."""
    found = _PREFIX.match(text)
    if found is None:
        return None, text
    tag = read_language(found[1])
    if not isinstance(tag, str) or not is_known(tag):
        return None, text
    return tag, text[found.end() :]
