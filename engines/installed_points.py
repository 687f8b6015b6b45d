"""Entry points of installed packages, read once in a process: to find them, a file of each package is read."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any


@cache
def _all() -> Any:
    return entry_points()  # of another class in Python 3.12


def installed_points(group: str) -> tuple[EntryPoint, ...]:
    """Those of one group, as they were when the first were asked for."""
    return tuple(_all().select(group=group))
