"""Rules by which speech is told from silence. Values only; all times in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegionRules:
    threshold: float
    """Probability from which a frame counts as speech."""
    min_speech: float
    """Seconds; shorter bursts are not speech."""
    min_silence: float
    """Seconds of silence that end a region."""
    padding: float
    """Seconds kept before and after a region."""
    max_seconds: float
    """Longest region."""


@dataclass(frozen=True, slots=True)
class TurnRules:
    """Rules for the begin and end of turns, in seconds."""

    threshold: float = 0.5
    """Probability from which a frame is speech."""
    onset: float = 0.03
    """Speech after which somebody may be speaking: a reply is ducked."""
    min_speech: float = 0.15
    """Speech after which somebody is, while nobody else speaks."""
    confirm: float = 0.45
    """Speech after which somebody is, while a reply is being heard."""
    pause: float = 0.16
    """Silence after which a transcript and a reply are prepared."""
    silence: float = 0.5
    """Silence that ends a turn."""
    prefix: float = 0.3
    """Audio before the first frame of speech that belongs to the turn."""
    longest: float = 60.0
    """A turn that is longer is ended."""
    interrupt: bool = True
    """Speech over a reply ends it."""
    detector: bool = True
    """Let a turn detector, where there is one, end turns sooner or later than `silence` says."""
    longest_silence: float = 3.0
    """Silence that ends a turn which the detector thinks unfinished."""
