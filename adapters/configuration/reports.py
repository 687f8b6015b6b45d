"""Reports on the configuration: the state of each key, and what a change does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.configuration.keys import Key
from adapters.configuration.sources import Source


@dataclass(frozen=True, slots=True)
class KeyState:
    name: str
    """The dotted path."""
    key: Key
    value: Any
    """Value in effect now, as JSON; secrets are masked."""
    source: Source
    waiting: bool
    """True if another value waits for a restart."""


@dataclass(frozen=True, slots=True)
class ChangeReport:
    live: tuple[str, ...]
    """Keys whose new value is in effect for the next request."""
    restart: tuple[str, ...]
    """Keys whose new value waits for a restart."""
    overridden: tuple[str, ...] = ()
    """Keys that were changed, while `.env` or the environment says otherwise and wins."""
    values: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    """Old and new value of each changed key, as JSON; secrets are masked."""
