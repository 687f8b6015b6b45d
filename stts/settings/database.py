"""The database: keys, usage, quotas and the audit trail."""

from __future__ import annotations

from pydantic import SecretStr, field_validator

from stts.settings.addresses import is_postgresql
from stts.settings.section import Section, live, protected


class DatabaseSettings(Section):
    url: SecretStr | None = protected(
        "postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE; none: stts.db under storage.root.", default=None
    )
    timeout_seconds: float = live("Longest wait for one answer of it.", default=5.0, gt=0, le=60)
    grace_seconds: float = live(
        "While it is away, keys that were checked within so many seconds go on working.",
        default=3600.0,
        ge=0,
        le=604_800,
    )

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            scheme, _, rest = url.get_secret_value().partition("://")
            is_file = scheme == "sqlite" and bool(rest.strip("/"))
            if not is_file and not is_postgresql(url.get_secret_value()):
                raise ValueError("must be postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE")
        return url
