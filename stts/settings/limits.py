"""Limits of one request, of one client, and of all together."""

from __future__ import annotations

from typing import Literal

from pydantic import SecretStr, field_validator

from stts.settings.addresses import REDIS_FORM, is_redis
from stts.settings.section import Section, fixed, live, protected


class LimitSettings(Section):
    text_characters: int = live("Longest text of one request.", default=100_000, ge=1, le=10_000_000)
    upload_bytes: int = live("Largest upload.", default=1_000_000_000, ge=1024)
    json_bytes: int = live("Largest JSON body.", default=2_000_000, ge=1024)
    json_audio_bytes: int = live(
        "Largest JSON body that brings a recording in base64 (/v1/audio/transcriptions).",
        default=50_000_000,
        ge=1024,
        le=500_000_000,
    )
    connections: int = fixed("Connections at once, of all clients.", default=2000, ge=1, le=100_000)
    network_connections: int = fixed(
        "Of these, of one client's network (an IPv4 address, an IPv6 /64); loopback may have all.",
        default=1000,
        ge=1,
        le=100_000,
    )
    body_seconds: float = live("Longest pause while a body arrives.", default=30.0, gt=0, le=3600)
    body_rate: int = live(
        "Least bytes a second at which a body must arrive, counted from its first `body_seconds` on.",
        default=500,
        ge=1,
        le=1_000_000_000,
    )
    body_total_seconds: float = live("Longest time that a whole body may take to arrive.", default=14_400.0, gt=0)
    audio_seconds: float = live("Longest audio of one upload, counted while decoding.", default=14_400.0, gt=0)
    queue_length: int = live("Requests that may wait for one engine.", default=64, ge=1, le=10_000)
    place_seconds: float = live(
        "Longest wait for a place where all are taken: of a socket, a conversation, or somebody who speaks.",
        default=2.0,
        ge=0,
        le=60,
    )
    queue_seconds: float = live("Longest wait for an engine.", default=30.0, gt=0, le=3600)
    load_seconds: float = live("Longest time that a load makes no progress.", default=1800.0, gt=0)
    first_seconds: float = live("Longest wait for the first result of a call.", default=300.0, gt=0, le=7200)
    call_seconds: float = live("Longest wait for each further result of a call.", default=600.0, gt=0, le=7200)
    total_seconds: float = live("Longest time that an engine may work on one call.", default=3600.0, gt=0)
    decoders: int = fixed("Uploads decoded at once.", default=4, ge=1, le=64)
    live_decoders: int = live(
        "Live streams in a container format (WebM, Ogg) decoded at once.", default=16, ge=1, le=256
    )
    live_sessions: int = live("Sockets at once that listen, speak or converse.", default=500, ge=1, le=100_000)
    live_seconds: float = live("Audio of one live stream that may wait for its engine.", default=30.0, gt=1, le=600)
    commit_seconds: float = live(
        "Longest turn that a client is to end itself (`commit`); a longer one is ended by the server.",
        default=600.0,
        gt=1,
        le=7200,
    )
    spool_mib: int = live(
        "MiB that one connection may send ahead of what works on it; beyond the first MiB they wait on disk.",
        default=64,
        ge=1,
        le=4096,
    )
    spools_mib: int = live("The same for all connections together.", default=1024, ge=1, le=1_048_576)
    message_bytes: int = fixed("Largest message of a WebSocket.", default=16_777_216, ge=65_536, le=1_073_741_824)
    idle_seconds: float = live("A socket on which nothing passes for so long is closed.", default=300.0, gt=0)
    redis_url: SecretStr | None = protected(
        "redis://[:PASSWORD@]HOST[:PORT][/NUMBER], rediss://..., unix:///FILE: servers count rates together there.",
        default=None,
    )
    when_redis_is_away: Literal["count", "refuse"] = live(
        "While Redis is away: count in this process, or refuse who has limits there (503).", default="count"
    )

    @field_validator("redis_url")
    @classmethod
    def _is_address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not is_redis(url.get_secret_value()):
            raise ValueError(REDIS_FORM)
        return url

    @property
    def numbers(self) -> dict[str, float]:
        """The limits without where others are counted."""
        return self.model_dump(exclude={"redis_url", "when_redis_is_away"})
