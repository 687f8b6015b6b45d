"""Stands in for a callback once its session has ended: parts that go on to know each other are freed by no count of
references, but by a pass of the garbage collector over all that lives."""

from __future__ import annotations


def unheard(*_: object) -> None:
    """Tells nobody."""
