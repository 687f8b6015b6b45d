"""Voices of the hosted service that only GPT-Live has: their names say nothing of how they sound."""

from __future__ import annotations

from stts.voice_names import DEFAULT_NAMES

LIVE_VOICES = frozenset(
    {
        "beacon", "bossa", "cinder", "delta", "gleam", "marin", "meridian", "quartz", "ripple", "shida", "stone",
        "tempo", "vesper", "willow",
    }
)  # fmt: skip


def is_hosted_alone(name: str) -> bool:
    """True for a name that means whichever voice is usual here."""
    return name.strip().lower() in LIVE_VOICES | DEFAULT_NAMES
