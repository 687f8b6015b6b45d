"""Statistics kept in memory."""

from __future__ import annotations

from stts.settings.section import Section, fixed


class AnalyticsSettings(Section):
    history_minutes: int = fixed("Minutes of history kept in memory.", default=1440, ge=1, le=43_200)
