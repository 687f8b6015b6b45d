"""The principal: the authenticated caller of a request, kept in `scope["state"]["principal"]`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from stts.access.keys import AccessKey
from stts.access.permission import EVERYTHING, Permission
from stts.access.roles import Role
from stts.access.viewer import Viewer
from stts.settings.security import SecuritySettings


@dataclass(frozen=True)
class Principal:
    name: str
    """For logs: the id of a key, never its text."""
    role: Role
    key: AccessKey | None = None
    """None for callers without a key of their own: everybody, or the holder of `security.api_key`."""
    secret_hash: bytes | None = field(default=None, repr=False)
    """The hash of the secret that it showed."""
    subject: str = ""
    """On whose behalf it asks, where its key may say so; empty: on its own."""

    @cached_property
    def permission(self) -> Permission:
        """The engines and voices that it may use."""
        if self.key is None:
            return EVERYTHING if self.role is Role.ADMIN else Permission(viewer=self.viewer)
        return Permission(self.key.allowed_engines, self.key.allowed_voices, self.viewer)

    @cached_property
    def viewer(self) -> Viewer:
        """Whose files, voices, jobs and sessions it reaches. All keys of a user own them together."""
        return Viewer(self.key.user_id if self.key is not None else None, self.role is Role.ADMIN)


ANONYMOUS = Principal("anonymous", Role.ADMIN)
"""Everybody, on a server that wants no key."""
VISITOR = Principal("visitor", Role.READ)
"""Somebody without a key, on a server that wants one, at what is open to all."""
WYOMING_CLIENT = Principal("wyoming", Role.WRITE)
"""A client of the Wyoming listener, which knows no keys: what belongs to users is not there for it."""
NAMED = "named:"
"""Stands before the names of keys that operators have chosen themselves."""
API_KEY_HOLDER = Principal("api_key", Role.ADMIN)
"""Holder of `security.api_key`."""


def named_holders(security: SecuritySettings) -> dict[bytes, Principal]:
    """Keys that operators have chosen themselves -> who holds them."""
    return {
        each.key.get_secret_value().encode(): Principal(f"{NAMED}{name}", Role.named(each.role))
        for name, each in security.named_keys.items()
    }


def key_holder(key: AccessKey, secret_hash: bytes | None = None) -> Principal:
    """`secret_hash`: of the secret that was shown, where that may be the one before; a key may have two for a while."""
    return Principal(f"key:{key.id}", key.role, key, secret_hash or key.secret_hash)
