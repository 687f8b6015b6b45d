"""Viewers: whose files, voices, jobs and sessions somebody reaches. Each belongs to a user, or to the server itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Viewer:
    """The caller of a request. What belongs to others is for a caller as if it were not there."""

    user_id: str | None = None
    """The user who owns what the caller makes; None: the server does, for callers without a key of their own."""
    sees_all: bool = False
    """True for administrators."""

    def sees(self, owner: str | None) -> bool:
        """True if the caller may list, read and delete what belongs to a user, or to the server (None)."""
        return self.sees_all or (owner is not None and owner == self.user_id)

    def uses(self, owner: str | None, *, shared: bool = False) -> bool:
        """True if the caller may speak with a voice by its name: with those of their own, and with everybody's."""
        return shared or owner is None or owner == self.user_id

    def began(self, owner: str | None) -> bool:
        """True if the caller began something: seeing it is not enough to go on with it."""
        return owner == self.user_id


SERVER = Viewer(sees_all=True)
"""The server itself, and whoever asks without a key where none is wanted."""
EVERYBODY = Viewer()
"""Somebody unknown."""
