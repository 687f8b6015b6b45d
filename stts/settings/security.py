"""Access to the server: its key, and the host names and web origins it answers to."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import SecretStr, field_validator

from stts.settings.section import Section, protected

ANY = "*"
ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#@\s]+/?")
"""Origins that browsers and shells send: also `app://obsidian.md`, `capacitor://localhost`, `chrome-extension://...`."""
NO_ORIGIN = (
    "an origin is written with its scheme and without a path, as browsers send it: https://example.org, "
    "http://localhost:3000, app://obsidian.md, capacitor://localhost; or * for every page"
)
HOST = re.compile(r"(\*\.)?[A-Za-z0-9_-][A-Za-z0-9._-]*")
ADDRESS = re.compile(r"\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?")
"""IPv6, with or without its brackets."""
NO_HOST = (
    "a host is written without scheme, port and path: stts.example.org, *.example.org, 192.168.1.5; or * for every name"
)


class NamedKey(Section):
    key: SecretStr = protected("The key, as clients send it.", min_length=1)
    role: Literal["read", "write", "admin"] = protected("What it may do.", default="write")

    @field_validator("key")
    @classmethod
    def _can_be_sent(cls, key: SecretStr) -> SecretStr:
        return sendable(key)


class SecuritySettings(Section):
    api_key: SecretStr | None = protected(
        "Clients must send this key (Bearer or X-API-Key).", default=None, min_length=1
    )
    keys: bool = protected("Clients need keys of their own (`stts keys create`), kept in the database.", default=False)
    named_keys: dict[str, NamedKey] = protected(
        "Keys that you have chosen yourself, by names for the log: name -> key and role.", default_factory=dict
    )
    first_key_file: str | None = protected(
        "File that the first key is written to, where nobody looks at the terminal.", default=None, min_length=1
    )
    query_keys: bool = protected("Take a key from `?api_key=` in an address, which many things log.", default=False)
    allow_open: bool = protected("Allow an address beyond loopback without a key.", default=False)
    allowed_hosts: tuple[str, ...] = protected(
        "Host names answered besides loopback and server.host (DNS rebinding).", default=()
    )
    allowed_origins: tuple[str, ...] = protected("Web origins allowed besides the server's own.", default=())
    public_lists: bool = protected(
        "Let /v1/audio/voices and /v1/audio/models answer without a key, as some clients need.", default=True
    )

    @field_validator("api_key")
    @classmethod
    def _can_be_sent(cls, key: SecretStr | None) -> SecretStr | None:
        return key if key is None else sendable(key)

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if origin != ANY and not ORIGIN.fullmatch(origin):
                raise ValueError(NO_ORIGIN)
        return origins

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if host != ANY and not (HOST.fullmatch(host) or ADDRESS.fullmatch(host)):
                raise ValueError(NO_HOST)
        return hosts

    @property
    def wants_key(self) -> bool:
        """True if nobody comes in without a key."""
        return self.keys or self.api_key is not None or bool(self.named_keys)

    @property
    def has_administrator(self) -> bool:
        """True if a key that stands here opens everything."""
        return self.api_key is not None or any(each.role == "admin" for each in self.named_keys.values())


def sendable(key: SecretStr) -> SecretStr:
    """A header loses the white space around its value, so no client could send such a key. Raises ValueError."""
    if key.get_secret_value() != key.get_secret_value().strip():
        raise ValueError("must not begin or end with white space")
    return key
