"""Requests to find speech in recordings."""

from __future__ import annotations

from dataclasses import dataclass

from stts.transcription import AudioData
from stts.vad.rules import RegionRules


@dataclass(frozen=True, slots=True)
class DetectRequest:
    """One search for speech on its way through the pipeline."""

    audio: AudioData
    rules: RegionRules
    """Regions may be of any length."""
