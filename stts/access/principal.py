"""The principal: the authenticated caller of a request, kept in `scope["state"]["principal"]`."""

from __future__ import annotations

from dataclasses import dataclass

from stts.access.keys import AccessKey
from stts.access.roles import Role


@dataclass(frozen=True, slots=True)
class Principal:
    name: str
    """For logs: the id of a key, never its text."""
    role: Role
    key: AccessKey | None = None
    """None for callers without a key of their own: everybody, or the holder of `security.api_key`."""


ANONYMOUS = Principal("anonymous", Role.ADMIN)
"""Everybody, on a server that wants no key."""
VISITOR = Principal("visitor", Role.READ)
"""Somebody without a key, on a server that wants one, at what is open to all."""
API_KEY_HOLDER = Principal("api_key", Role.ADMIN)
"""Holder of `security.api_key`."""


def key_holder(key: AccessKey) -> Principal:
    return Principal(f"key:{key.id}", key.role, key)
