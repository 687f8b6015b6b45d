"""Times of characters in ElevenLabs' two spellings: seconds over HTTP, milliseconds on sockets."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from stts.text.timing import TimedText


def in_seconds(pieces: Iterable[TimedText]) -> dict[str, list[Any]] | None:
    """One alignment of all pieces, from the start of the answer; None where there is none."""
    characters: list[str] = []
    starts: list[float] = []
    ends: list[float] = []
    for piece in pieces:
        characters += piece.text
        starts += [round(second, 3) for second in piece.starts]
        ends += [round(second, 3) for second in piece.ends]
    if not characters:
        return None
    return {
        "characters": characters,
        "character_start_times_seconds": starts,
        "character_end_times_seconds": ends,
    }


def in_milliseconds(piece: TimedText, since: float) -> dict[str, list[Any]]:
    """The alignment of one piece. `since`: seconds of the answer at which its clock begins."""
    bounds = [round((second - since) * 1000) for second in piece.bounds]
    return {
        "chars": [*piece.text],
        "charStartTimesMs": bounds[:-1],
        "charDurationsMs": [end - start for start, end in pairwise(bounds)],
    }
