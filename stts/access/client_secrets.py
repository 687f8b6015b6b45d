"""Short-lived keys for the sockets of browsers, which cannot keep the real one. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import json
import math
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import SecretStr

from stts.access.principal import Principal
from stts.errors import Busy, PayloadTooLarge
from stts.settings.security import SecuritySettings

PREFIX = "ek_"
PATH = "/v1/realtime"
"""The socket that client secrets open; calls by WebRTC begin with the same path."""
SESSION_CHARACTERS = 65_536
"""Longest JSON of a session kept with one secret, in characters."""
MOST_CHARACTERS = 32_000_000
"""Longest JSON of the sessions of all secrets together, in characters."""


@dataclass(frozen=True, slots=True)
class Issued:
    value: str
    expires_at: int
    """Unix time."""


@dataclass(frozen=True, slots=True)
class Door:
    """The listener that a secret was made on, and the keys of that: it opens no other, and none that has new keys."""

    listener: str
    security: SecuritySettings

    @property
    def fingerprint(self) -> str:
        """The same for the same door, in whichever process, and for no other."""
        values = json.dumps([self.listener, self.security.model_dump()], default=_revealed, sort_keys=True)
        return hashlib.sha256(values.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """A secret, but for its text."""

    expires_at: float
    session: str
    """JSON."""
    issuer: Principal
    door: str
    """Fingerprint."""


@dataclass(frozen=True, slots=True)
class SecretSession:
    """A session like the one that a secret was made for, in the name of who had it made."""

    session: dict[str, Any]
    issuer: Principal


class SharedSecrets(Protocol):
    """Other processes that a secret opens too."""

    async def issued(self, hash: bytes, kept: Kept) -> None:
        """Returns once they know it, or do not answer."""
        ...

    def forget(self, owner: str) -> None:
        """Forgets those of a user, beyond this process; returns at once."""
        ...


class ClientSecrets:
    """Any number of connections may use one until it expires; what they have begun goes on."""

    def __init__(self, most: Callable[[], int], clock: Callable[[], float] = time.time) -> None:
        """`most`: secrets alive at once."""
        self._most = most
        self._clock = clock
        self._kept: dict[bytes, Kept] = {}
        self.shared: SharedSecrets | None = None
        """None where this process is alone."""

    async def issue_for_all(self, session: Mapping[str, Any], seconds: int, issuer: Principal, door: Door) -> Issued:
        """As `issue`, and other processes know it too. Raises what that does."""
        issued = self.issue(session, seconds, issuer, door)
        if self.shared is not None:
            hash = _hash(issued.value.encode())
            await self.shared.issued(hash, self._kept[hash])
        return issued

    def take(self, hash: bytes, kept: Kept) -> None:
        """Takes one that another process has issued."""
        self._forget_expired()
        self._kept[hash] = kept

    def issue(self, session: Mapping[str, Any], seconds: int, issuer: Principal, door: Door) -> Issued:
        """A secret for a session like this. Raises Busy where too many are alive, PayloadTooLarge."""
        kept = json.dumps(session)
        if len(kept) > SESSION_CHARACTERS:
            raise PayloadTooLarge(
                f"A session kept with a secret has at most {SESSION_CHARACTERS} characters.", param="session"
            )
        self._forget_expired()
        size = sum(len(each.session) for each in self._kept.values()) + len(kept)
        if len(self._kept) >= self._most() or size > MOST_CHARACTERS:
            first = min(each.expires_at for each in self._kept.values())
            raise Busy("Too many client secrets are alive.", retry_after=first - self._clock())
        value = f"{PREFIX}{secrets.token_urlsafe(24)}"
        expires_at = math.ceil(self._clock() + seconds)
        self._kept[_hash(value.encode())] = Kept(expires_at, kept, issuer, door.fingerprint)
        return Issued(value, expires_at)

    def session(self, offered: bytes, door: Door) -> SecretSession | None:
        """The session of a secret that is alive and was made at this door; None for anything else."""
        kept = self._kept.get(_hash(offered)) if offered.startswith(PREFIX.encode()) else None
        if kept is None or kept.expires_at <= self._clock() or kept.door != door.fingerprint:
            return None
        return SecretSession(json.loads(kept.session), kept.issuer)

    def remove_all(self, owner: str) -> int:
        """Removes the secrets that a user has had made, with the sessions kept with them, and counts them."""
        kept = {key: each for key, each in self._kept.items() if each.issuer.viewer.user_id != owner}
        removed = len(self._kept) - len(kept)
        self._kept = kept
        if self.shared is not None:
            self.shared.forget(owner)
        return removed

    def _forget_expired(self) -> None:
        now = self._clock()
        self._kept = {key: kept for key, kept in self._kept.items() if kept.expires_at > now}


def _revealed(value: object) -> object:
    """Values of settings that JSON has no form for."""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _hash(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()
