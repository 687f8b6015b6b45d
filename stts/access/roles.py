"""The roles of keys: three, each with all that the ones before it may do."""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    READ = 1
    """Lists what there is, and sees its own usage."""
    WRITE = 2
    """Speaks, listens, converses; keeps voices, files and jobs of its own."""
    ADMIN = 3
    """Everything: configuration, engines, models, keys, users, usage of all, audit."""

    @classmethod
    def named(cls, name: str) -> Role:
        """Raises KeyError."""
        return cls[name.upper()]

    @property
    def label(self) -> str:
        return self.name.lower()


ROLE_NAMES = tuple(role.label for role in Role)
