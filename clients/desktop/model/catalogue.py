"""Voices as the server lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

REFERENCE = "reference:"
"""Begins the name of a voice that is a recording of the folder."""


@dataclass(frozen=True, slots=True)
class Voice:
    id: str
    name: str
    engine: str
    languages: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name that settings keep: two engines may have voices of one name."""
        return f"{self.engine}/{self.id}"

    @property
    def label(self) -> str:
        spoken = f", {', '.join(self.languages[:3])}" if self.languages else ""
        return f"{self.name} ({self.engine}{spoken})"


def voices(found: list[dict[str, Any]]) -> tuple[Voice, ...]:
    """Those of an answer of the server. What has no name is passed over."""
    return tuple(
        Voice(
            str(each["id"]), str(each.get("name") or each["id"]), str(each["engine"]), tuple(each.get("languages", ()))
        )
        for each in found
        if each.get("id") and each.get("engine")
    )


def engine_of(voice: str) -> str:
    """The engine of a chosen voice; none where the server chooses."""
    return "" if voice.startswith(REFERENCE) else voice.partition("/")[0]
