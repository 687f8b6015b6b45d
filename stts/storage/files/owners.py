"""Owners of stored files: the name of a file in its folder says whose it is, as `anna@0123456789abcdef.wav`.

So two users may each have a voice `anna`, files are listed by owner without a look into each, and a sidecar that is
lost opens nothing. A name without an owner is the server's own; `+` after the owner: everybody speaks with it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_OWNED = re.compile(r"(?P<bare>.+)@(?P<owner>[0-9a-f]{16})(?P<shared>\+?)(?P<extension>(\.[^.]*)?)", re.DOTALL)


class Owned(NamedTuple):
    """The parts of a file's name."""

    bare: str
    extension: str = ""
    """The extension, where there is an owner."""
    owner: str | None = None
    """Id of a user; None: the server."""
    shared: bool = False
    """True for a user's voice that everybody may speak with."""

    @property
    def name(self) -> str:
        """The name without the owner."""
        return self.bare + self.extension


def owned(file_name: str) -> Owned:
    """Reads the owner out of the name of a file in its folder."""
    match = _OWNED.fullmatch(file_name)
    if match is None:
        return Owned(file_name)
    return Owned(match["bare"], match["extension"], match["owner"], bool(match["shared"]))


def owned_name(bare: str, extension: str, owner: str | None, *, shared: bool = False) -> str:
    """The name of a file in its folder. Raises ValueError for an owner that no name could say."""
    if owner is None:
        return f"{bare}{extension}"
    name = f"{bare}@{owner}{'+' if shared else ''}{extension}"
    if owned(name).owner != owner:
        raise ValueError("The id of a user has 16 hexadecimal digits.")
    return name
