"""Underrun of a stream: how far it was ever behind its listener. Pure: arrivals in, seconds out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arrival:
    at: float
    """Seconds on any clock."""
    seconds: float
    """Audio that arrived then."""


def worst_underrun(arrivals: Iterable[Arrival]) -> float:
    """Seconds that the audio was late at worst for a listener who plays from the first of it without a pause.

    It is also the head start a player would have needed to never stutter. Nothing is forgiven: a player that waits and
    goes on hears each gap shorter than this. 0 for a stream that was always in time.
    """
    worst = 0.0
    due: float | None = None
    for arrival in arrivals:
        if arrival.seconds <= 0:
            continue
        due = arrival.at if due is None else due
        worst = max(worst, arrival.at - due)
        due += arrival.seconds
    return worst


def continuous(underruns: Iterable[float], limit: float) -> float:
    """The part of the streams, 0..1, whose worst underrun is at most `limit` seconds."""
    within = [underrun <= limit for underrun in underruns]
    return sum(within) / len(within)
