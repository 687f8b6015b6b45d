"""Timings: where the time of one operation went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Timings:
    """Measurements, all written before the operation ends. Times in seconds; None: it did not come to that."""

    queue: float | None = None
    """Waiting for an engine, its load included."""
    load: float | None = None
    """That load: as much of the wait as an engine was being loaded; None: it was there."""
    first_item: float | None = None
    """Seconds from the start to the first audio or text."""
    written: float | None = None
    """Seconds from the start until the text of the first audio was there, where it was still being written."""
    engine: float | None = None
    encode: float | None = None
    total: float | None = None
    """From the start to the end; written by the pipeline."""
    held: float | None = None
    """Somebody read what was ready: items that were there waited so long for whoever takes them."""
    transcript: float | None = None
    """In a conversation: from the start to the user's words."""
    first_token: float | None = None
    """In a conversation: from the start to the first text of the reply."""
    first_audio: float | None = None
    """In a conversation: from the start to the first audio of the reply."""
    audio_seconds: float | None = None
    """Audio made; where there is only listening, audio heard."""
    heard_seconds: float | None = None
    """In a conversation: audio heard."""
    characters: int | None = None
    bytes: int | None = None

    def add(
        self,
        *,
        queue: float | None = None,
        load: float | None = None,
        engine: float | None = None,
        encode: float | None = None,
    ) -> None:
        """Adds to times that are measured in parts."""
        self.queue = _sum(self.queue, queue)
        self.load = _sum(self.load, load)
        self.engine = _sum(self.engine, engine)
        self.encode = _sum(self.encode, encode)


def _sum(before: float | None, more: float | None) -> float | None:
    return before if more is None else (before or 0.0) + more
