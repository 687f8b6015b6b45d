"""Permissions: the engines and voices that a key may use, and whose recordings are voices for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stts.access.viewer import SERVER, Viewer
from stts.errors import Forbidden

MOST_NAMED = 20
"""Names that an error lists."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Names, each as requests write it; empty: all."""

    engines: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    viewer: Viewer = SERVER

    def allowed(self, engines: Iterable[str]) -> tuple[str, ...]:
        """Those of some engine instances that may be used, in their order."""
        return tuple(name for name in engines if not self.engines or name in self.engines)

    def check_engine(self, name: str) -> None:
        """Raises Forbidden."""
        if self.engines and name not in self.engines:
            raise Forbidden("This key may not use that engine.", param="engine", allowed=self.engines[:MOST_NAMED])

    def allows_voice(self, *names: str | None) -> bool:
        """True if a voice may be used under one of its names."""
        return not self.voices or any(name in self.voices for name in names)

    def check_voice(self, *names: str | None) -> None:
        """Raises Forbidden."""
        if not self.allows_voice(*names):
            raise Forbidden("This key may not use that voice.", param="voice", allowed=self.voices[:MOST_NAMED])


EVERYTHING = Permission()
