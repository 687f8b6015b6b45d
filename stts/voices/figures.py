"""Figures of a recording that is to be a voice: all that can be told from its samples alone. All frozen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a recording."""

    start: float
    """Seconds from its beginning."""
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Figures:
    seconds: float
    """Length of all that decodes."""
    sample_rate: int | None
    """Hz, as its header says."""
    channels: int | None
    level: float | None
    """Mean level in dBFS of what sounds, pauses apart; None: nothing does."""
    peak: float | None
    """Highest sample in dBFS; None: all are zero."""
    offset: float
    """Mean of all samples, -1..1: a microphone without one has 0."""
    clipping: float
    """Share of the samples that stand at full scale side by side, 0..1."""
    signal_to_noise: float | None
    """Decibels between what sounds and the quietest tenth of the rest; None: nothing sounds."""
    silence: float
    """Share of the time in which nothing sounds, 0..1."""
    sounding_seconds: float
    bandwidth: float | None
    """Hz up to which the spectrum reaches; None: nothing sounds."""
    window: Window
    """The part that is best to be cloned."""
