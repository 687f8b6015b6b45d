"""Matching of BCP 47 language tags, as far as choosing a voice or an engine needs it."""

from __future__ import annotations

from collections.abc import Iterable


def primary(tag: str) -> str:
    """`de` of `de-AT`."""
    return tag.replace("_", "-").split("-", 1)[0].lower()


def best_match(wanted: str, offered: Iterable[str]) -> str | None:
    """The offered tag that fits best: the same tag, else the first of the same language, else None."""
    wanted = wanted.replace("_", "-").lower()
    fallback = None
    for tag in offered:
        if tag.lower() == wanted:
            return tag
        if fallback is None and primary(tag) == primary(wanted):
            fallback = tag
    return fallback
