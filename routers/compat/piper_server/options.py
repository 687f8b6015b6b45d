"""Options of a listener that stand for the Piper TTS Server alone."""

from __future__ import annotations

from stts.settings.section import Section, live


class PiperServerOptions(Section):
    default_speaker: str = live("Speaker where a request names none: a number or a name.", default="0", max_length=200)
    timeout_seconds: float = live("Longest wait for the speech of one request; then 504.", default=60.0, gt=0, le=3600)
    whole_seconds: float = live(
        "Speech that is made within so many seconds of its first audio is answered whole, with its length; 0: never.",
        default=1.0,
        ge=0,
        le=60,
    )
