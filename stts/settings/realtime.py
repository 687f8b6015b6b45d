"""The OpenAI Realtime dialect."""

from __future__ import annotations

from stts.settings.section import Section, live


class RealtimeSettings(Section):
    secret_seconds: int = live("Life of a client secret where the request names none.", default=600, ge=10, le=7200)
    secrets: int = live("Client secrets alive at once.", default=10_000, ge=1)
    session_minutes: float = live("Longest session.", default=60.0, gt=0, le=1440)
    item_audio_seconds: float = live("Audio of items kept for `conversation.item.retrieve`.", default=120.0, ge=0)
