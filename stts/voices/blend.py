"""Blends of voices, as people write them: `af_heart(0.7)+af_bella(0.3)`, and `af_heart-af_sky(0.3)` to take away.

Weights become shares that sum to 1, so that `a(2)+b` is two thirds of `a`, and `a-b(0.3)` goes from `b` beyond `a`.
Names with a `-` of their own cannot be blended: it is read as minus.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_PARTS = 8
"""Voices of one blend."""
MOST_SHARE = 4.0
"""Highest share, up or down: beyond it the parts nearly cancel, and what is left is no voice."""

_PART = re.compile(r"\s*([+-]?)\s*([\w.:/]+)(?:\(\s*(\d{1,3}(?:\.\d{1,4})?)\s*\))?\s*")


@dataclass(frozen=True, slots=True)
class Part:
    """A voice of a blend."""

    name: str
    """In lower case."""
    weight: float
    """Share of the whole; all sum to 1, and some may be below 0."""


def read_blend(text: str) -> Sequence[Part]:
    """The parts with their shares, equal names joined; a name alone is one part. None at all where it is written
    otherwise, has more parts than MOST_PARTS, or adds up to nothing or less."""
    weights: dict[str, float] = {}
    place = count = 0
    while place < len(text) or not weights:
        match = _PART.match(text, place)
        count += 1
        # Between two parts stands a sign; before the first, none.
        if match is None or count > MOST_PARTS or bool(match[1]) == (place == 0):
            return ()
        sign = -1.0 if match[1] == "-" else 1.0
        name = match[2].lower()
        weights[name] = weights.get(name, 0.0) + sign * float(match[3] or 1)
        place = match.end()
    return _shares(weights)


def is_blend(text: str) -> bool:
    """True where somebody has surely meant a blend: `en-US` is none, and `a+b` and `a(0.5)-b` are."""
    return ("+" in text or "(" in text) and len(read_blend(text)) > 1


def blend_id(parts: Sequence[Part]) -> str:
    """One spelling for each blend: `af_heart(0.7)+af_bella(0.3)`."""
    signed = (f"{'-' if part.weight < 0 else '+'}{part.name}({abs(part.weight):g})" for part in parts)
    return "".join(signed).removeprefix("+")


def _shares(weights: dict[str, float]) -> Sequence[Part]:
    total = sum(weights.values())
    if total <= 0 or any(not weight for weight in weights.values()):
        return ()
    parts = [Part(name, round(weight / total, 4)) for name, weight in weights.items()]
    # The first is added, so that a blend never begins with a minus.
    parts.sort(key=lambda part: part.weight < 0)
    return parts if all(0 < abs(part.weight) <= MOST_SHARE for part in parts) else ()
