"""Spoken conversation: when turns begin and end, and what is kept."""

from __future__ import annotations

from stts.settings.built_in import TURN_DETECTOR
from stts.settings.section import Section, live


class ConversationSettings(Section):
    silence_seconds: float = live("Silence that ends a turn.", default=0.5, ge=0.1, le=10)
    speculate_seconds: float = live(
        "Silence after which transcript and reply are prepared, to be dropped if the user goes on.",
        default=0.16,
        ge=0.03,
        le=10,
    )
    turn_seconds: float = live("Longest turn of a user; a longer one is ended.", default=60.0, gt=1, le=600)
    turn_detector: str = live(
        "Engine that judges from the sound whether a turn is over; none: silence alone.", default=TURN_DETECTOR
    )
    duck_seconds: float = live("Speech over a reply after which the reply is ducked.", default=0.03, ge=0.03, le=1)
    confirm_seconds: float = live("Speech over a reply after which the reply stops.", default=0.45, ge=0.1, le=3)
    ahead_seconds: float = live("Audio sent ahead of its playback.", default=0.3, ge=0.05, le=0.4)
    resume_seconds: float = live("How long a dropped session can be resumed by its id.", default=120.0, ge=0, le=86_400)
    kept_sessions: int = live("Histories kept for dropped sessions and for POST /conversation.", default=1000, ge=0)
    history_messages: int = live("Messages of a history; the oldest go first.", default=100, ge=2, le=10_000)
    history_characters: int = live("Characters of a history; the oldest go first.", default=100_000, ge=1000)
    prompt_seconds: float = live(
        "Silence of both sides after which the idle prompt is spoken; 0: never.", default=0.0, ge=0, le=3600
    )
    prompt: str = live("What is said when nobody has said anything for a while.", default="Are you still there?")
