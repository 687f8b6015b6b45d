"""The hint that an engine with a prompt is given: words that are likely, and what was said before. Pure."""

from __future__ import annotations

from collections.abc import Sequence

HEARD_CHARACTERS = 200
"""Last characters of the text before that an engine is given."""


def hint(keywords: Sequence[str], heard: str) -> str | None:
    """The prompt of the next call; None: there is nothing to say.

    Keywords stand before the text, and in each hint anew: what is said pushes its own beginning out.
    """
    return " ".join(part for part in (_listed(keywords), heard[-HEARD_CHARACTERS:]) if part) or None


def _listed(keywords: Sequence[str]) -> str:
    return f"{', '.join(keywords)}." if keywords else ""
