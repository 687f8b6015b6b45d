"""The address of Redis, and what of it may be shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from stts.settings import Settings


@dataclass(frozen=True, slots=True)
class RedisAddress:
    url: str = field(repr=False)
    """With its password."""

    @classmethod
    def of(cls, settings: Settings) -> RedisAddress | None:
        """None where limits are counted in this process only."""
        url = settings.limits.redis_url
        return cls(url.get_secret_value()) if url is not None else None

    @property
    def shown(self) -> str:
        """Without user, password and parameters."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
