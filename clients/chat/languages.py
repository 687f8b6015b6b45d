"""Which language a message names: `fa: سلام` says so itself, and for any other text the server finds it."""

from __future__ import annotations

import re
from collections.abc import Collection

_PREFIX = re.compile(r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*[:：]\s*(?=\S)", re.ASCII)
RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})

DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٫", "01234567890123456789.")
"""Digits of Persian and Arabic as those of programs."""


def primary(language: str) -> str:
    """The first part of a BCP 47 tag, in lower case."""
    return language.partition("-")[0].lower()


def prefixed(text: str, known: Collection[str]) -> tuple[str | None, str]:
    """The language that a text begins with and the rest of it; None and all of it where that is no language.

    `known`: first parts of the tags of languages that can be spoken. `PS: ` at the end of a letter is one of them only
    where somebody speaks Pashto.
    """
    found = _PREFIX.match(text)
    if found is None or primary(found[1]) not in known:
        return None, text.strip()
    return found[1], text[found.end() :].strip()
