"""Usage, kept in the database: sums of each day by key, engine, voice, language and kind."""

from __future__ import annotations

from stts.settings.section import Section, fixed, live


class UsageSettings(Section):
    enabled: bool | None = fixed(
        "Keep what clients use in the database; null: where security.keys is on.", default=None
    )
    days: int = live("Days for which it is kept.", default=400, ge=1, le=10_000)
