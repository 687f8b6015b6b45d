"""Options that a listener has for this dialect alone."""

from __future__ import annotations

from stts.settings.section import Section, protected


class TTSKitOptions(Section):
    channels: int = protected("Channels of answers whose request names none.", default=1, ge=1, le=2)
    language_prefix: bool = protected("Read `fa: ...` as a text in Persian.", default=True)
