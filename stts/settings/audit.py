"""The audit trail: who changed what, kept in the database."""

from __future__ import annotations

from stts.settings.section import Section, protected


class AuditSettings(Section):
    enabled: bool | None = protected(
        "Keep an audit trail in the database; null: where security.keys is on.", default=None
    )
    days: int | None = protected("Days after which entries are removed; null: never.", default=365, ge=1, le=36_500)
