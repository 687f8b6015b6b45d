"""Listening: engines, voice activity and subtitles."""

from __future__ import annotations

from stts.settings.built_in import LISTENING_ENGINES, SPEAKER_DETECTOR, SPEECH_DETECTOR
from stts.settings.section import Section, fixed, live


class STTSettings(Section):
    order: tuple[str, ...] = live("Engines that `auto` tries, first to last.", default=LISTENING_ENGINES)
    vad: str = fixed("Engine that finds speech.", default=SPEECH_DETECTOR)
    speakers: str = live("Engine that tells speakers apart; `none`: nobody does.", default=SPEAKER_DETECTOR)
    vad_threshold: float = live("Probability from which a frame counts as speech.", default=0.5, gt=0, lt=1)
    min_speech_seconds: float = live("Shorter bursts are not speech.", default=0.15, ge=0, le=5)
    min_silence_seconds: float = live("Silence that ends a region.", default=0.4, gt=0, le=10)
    padding_seconds: float = live("Audio kept around a region.", default=0.2, ge=0, le=2)
    max_line_width: int = live("Characters of a line of subtitles; wide ones count twice.", default=42, ge=10, le=1000)
    max_line_count: int = live("Lines of a subtitle cue.", default=2, ge=1, le=10)
    max_cue_seconds: float = live("Longest subtitle cue.", default=7.0, ge=1, le=60)
    reading_speed: float = live(
        "Characters a second that are read: how long a cue stays at least, where the next leaves it the time.",
        default=17.0,
        ge=5,
        le=100,
    )
