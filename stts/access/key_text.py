"""The text of a key: `stts_<id>_<secret>`. Only a hash of the secret is kept, and found by the id.

A secret is 256 random bits: a plain SHA-256 of it cannot be guessed back, as that of a password could.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from functools import cached_property

PREFIX = "stts"
ID_BYTES = 6
SECRET_BYTES = 32
_FORM = re.compile(rb"stts_([0-9a-f]{12})_([0-9a-f]{64})")
LONGEST = len(PREFIX) + 2 * ID_BYTES + 2 * SECRET_BYTES + 2
"""Characters of a key."""


@dataclass(frozen=True)
class KeyText:
    id: str
    secret: bytes

    @classmethod
    def new(cls, key_id: str | None = None) -> KeyText:
        """A key that nobody has; with `key_id` a new secret for one that exists."""
        return cls(key_id or secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES).encode())

    @classmethod
    def parse(cls, offered: bytes) -> KeyText | None:
        """None for what does not have the form of a key."""
        found = _FORM.fullmatch(offered) if len(offered) == LONGEST else None
        return cls(found[1].decode(), found[2]) if found is not None else None

    @cached_property
    def hash(self) -> bytes:
        """32 bytes."""
        return hashlib.sha256(self.secret).digest()

    def __str__(self) -> str:
        """The whole key, secret and all: shown to its owner once."""
        return f"{PREFIX}_{self.id}_{self.secret.decode()}"

    def __repr__(self) -> str:
        return f"KeyText({self.id}, ...)"


def is_same(kept: bytes | None, offered: bytes) -> bool:
    """Compares two hashes in constant time, also where there is none to compare with."""
    return hmac.compare_digest(kept if kept is not None else bytes(len(offered)), offered) and kept is not None
