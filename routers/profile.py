"""A profile: a system that this server replaces: the defaults of a listener, and how its environment file is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """An environment file of another system, in terms of this server's configuration."""

    listener: Mapping[str, Any] = field(default_factory=dict)
    """Keys of a section of `listeners`, nested as there."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the configuration beside it, by section."""
    unknown: tuple[str, ...] = ()
    """Names that it did not understand."""
    notes: tuple[str, ...] = ()
    """Sentences about names that are understood and have no effect here."""


ReadEnvironment = Callable[[Mapping[str, str]], Translated]
"""Names and values of the file as they stand there. Raises InvalidConfiguration for what the system would refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    name: str
    """As `stts serve --as` and `listeners.NAME.profile` take it."""
    title: str
    """The system's own name."""
    dialects: tuple[str, ...]
    port: int
    """The port that its clients expect."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Keys of a section of `listeners`, nested as there, where the configuration does not say."""
    read_environment: ReadEnvironment
    clones: str = ""
    """Engine to install where none that clones is, for a system whose voices are recordings."""
