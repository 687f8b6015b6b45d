"""Listeners beside the main one: each with its address or path prefix, dialects, security, limits and defaults."""

from __future__ import annotations

import re
from typing import Any

from pydantic import SecretStr, field_validator

from stts.settings.section import Section, live, restarts
from stts.settings.security import NamedKey
from stts.speech import AudioFormat

PREFIX = re.compile(r"(/[a-z0-9_-]+)+")


class ListenerSecurity(Section):
    """Access to one listener. Where it says `api_key`, `keys` or `named_keys`, it has only what it says of them."""

    api_key: SecretStr | None = restarts("Key of this listener alone.", default=None, min_length=1)
    keys: bool | None = restarts(
        "Clients need keys of their own, as with security.keys; false, without api_key: nobody needs a key here.",
        default=None,
    )
    named_keys: dict[str, NamedKey] = restarts(
        "Keys of this listener that you have chosen yourself: name -> key and role.", default_factory=dict
    )
    query_keys: bool | None = restarts("As security.query_keys.", default=None)
    allow_open: bool | None = restarts("As security.allow_open.", default=None)
    allowed_hosts: tuple[str, ...] = restarts("As security.allowed_hosts; empty: the same.", default=())
    allowed_origins: tuple[str, ...] = restarts("As security.allowed_origins; empty: the same.", default=())
    public_lists: bool | None = restarts("As security.public_lists.", default=None)


class ListenerLimits(Section):
    """Limits of one listener; where it says nothing, those of the section `limits`."""

    connections: int | None = restarts("As limits.connections, of this listener.", default=None, ge=1, le=100_000)
    network_connections: int | None = restarts("As limits.network_connections.", default=None, ge=1, le=100_000)
    message_bytes: int | None = restarts("As limits.message_bytes.", default=None, ge=65_536, le=1_073_741_824)
    json_bytes: int | None = live("As limits.json_bytes.", default=None, ge=1024)
    json_audio_bytes: int | None = live("As limits.json_audio_bytes.", default=None, ge=1024, le=500_000_000)
    upload_bytes: int | None = live("As limits.upload_bytes.", default=None, ge=1024)
    body_seconds: float | None = live("As limits.body_seconds.", default=None, gt=0, le=3600)
    body_rate: int | None = live("As limits.body_rate.", default=None, ge=1, le=1_000_000_000)
    body_total_seconds: float | None = live("As limits.body_total_seconds.", default=None, gt=0)
    requests_per_minute: int | None = live(
        "Requests a minute of one client's network (an IPv4 address, an IPv6 /64; this machine is one); null: any.",
        default=None,
        ge=1,
        le=1_000_000,
    )
    operations_per_minute: int | None = live(
        "Of these, requests that speak or listen; null: any.", default=None, ge=1, le=1_000_000
    )
    operations_at_once: int | None = live(
        "Requests that speak or listen at once, of all clients; others wait. null: any.", default=None, ge=1, le=10_000
    )
    place_seconds: float | None = live(
        "Longest wait for a place among them; null: limits.place_seconds.", default=None, ge=0, le=600
    )


class ListenerOutput(Section):
    """Defaults of speech where a request does not say."""

    format: AudioFormat | None = live("Format; null: tts.format.", default=None)
    engine: str | None = live("Engine; null: auto.", default=None)
    voice: str | None = live("Voice; null: that of the engine.", default=None)
    language: str | None = live("Language (BCP 47); null: that of the text or the voice.", default=None)
    sample_rate: int | None = live("Hz; null: the engine's own.", default=None, ge=8000, le=192_000)
    text_characters: int | None = live(
        "Longest text of one request; null: limits.text_characters.", default=None, ge=1, le=10_000_000
    )
    parameters: dict[str, Any] = live("Parameters of the engine, as a request would give them.", default_factory=dict)


class ListenerSection(Section):
    """Where it says nothing its profile counts, else the sections `server`, `security`, `limits` and `tts`."""

    enabled: bool = live("Answer there. Switched off, it lets nobody in and drains.", default=True)
    profile: str | None = restarts(
        "System that it replaces, with its dialects, port and defaults (docs/dialects.md).", default=None
    )
    dialects: tuple[str, ...] = restarts("Dialects that it speaks; empty: those of the profile.", default=())
    host: str | None = restarts("Address to listen on; null: server.host.", default=None, min_length=1)
    port: int | None = restarts("Port to listen on; null: that of the profile.", default=None, ge=0, le=65_535)
    path: str | None = restarts("Prefix on the main listener's address, in place of a port of its own.", default=None)
    tls_certificate: str | None = restarts("PEM file with the certificate chain; turns TLS on.", default=None)
    tls_key: str | None = restarts("PEM file with the private key.", default=None)
    drain_seconds: float | None = restarts("As server.drain_seconds.", default=None, ge=0, le=600)
    security: ListenerSecurity = ListenerSecurity()
    limits: ListenerLimits = ListenerLimits()
    output: ListenerOutput = ListenerOutput()
    cache_hours: float | None = live(
        "Age at which speech is made anew for its clients, at most cache.hours; null: as there.",
        default=None,
        ge=0,
        le=100_000,
    )
    options: dict[str, Any] = restarts("Options of its dialect (docs/dialects.md).", default_factory=dict)

    @field_validator("path")
    @classmethod
    def _is_prefix(cls, path: str | None) -> str | None:
        if path is not None and not PREFIX.fullmatch(path):
            raise ValueError("must be a path such as /piper: lower-case letters, digits, - and _ between slashes")
        return path
