"""The cache: speech that was made before is answered again."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from stts.settings.addresses import REDIS_FORM, is_redis
from stts.settings.section import Section, live, protected

Hours = Annotated[float, Field(ge=0, le=100_000)]


class CacheSettings(Section):
    enabled: bool = live("Answer the same speech again without speaking it.", default=True)
    sentences: bool = live("Keep sentences too, for texts that share some.", default=True)
    memory_bytes: int = live("Audio kept in memory. 0: none.", default=64_000_000, ge=0)
    disk_bytes: int = live("Audio kept on disk, in cache/ under storage.root. 0: none.", default=1_000_000_000, ge=0)
    entry_bytes: int = live("Largest answer that is kept.", default=32_000_000, ge=1024)
    hours: Hours = live("Age at which speech is made anew. 0: it is never kept.", default=168.0)
    engine_hours: dict[str, Hours] = live("The same for single engines.", default={})
    redis_url: SecretStr | None = protected(
        "redis://[:PASSWORD@]HOST[:PORT][/NUMBER], rediss://..., unix:///FILE: servers share what they made there.",
        default=None,
    )

    @field_validator("redis_url")
    @classmethod
    def _is_address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not is_redis(url.get_secret_value()):
            raise ValueError(REDIS_FORM)
        return url
