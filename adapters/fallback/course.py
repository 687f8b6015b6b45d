"""A request as often as it may be tried: how an attempt begins, what is read again, and what is taken back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from stts.context import RequestContext
from stts.plans import SpeechPlan, TranscriptionPlan

Item = TypeVar("Item")
Plan = TypeVar("Plan", SpeechPlan, TranscriptionPlan)


@dataclass(frozen=True, slots=True)
class Course(Generic[Plan, Item]):
    """One request, as often as it may be tried."""

    plan: Plan
    begin: Callable[[Plan, RequestContext], AsyncGenerator[Item, None]]
    """Begins an attempt."""
    rewind: Callable[[], bool]
    """Makes what was read of the input readable again; False: it cannot be."""
    settle: Callable[[], None]
    """Called when an attempt is heard: nothing will be read again."""
    next_plan: Callable[[Plan, frozenset[str]], Awaitable[Plan | None]]
    """The plan of the next engine beside those that were tried; None: there is none."""
    cause: int | None = None
    """A fingerprint of the input."""
    commits: Callable[[Item], bool] = lambda item: True
    """False for an item that may be taken back, so that another engine may still do it all."""
    retraction: Callable[[], Item] | None = None
    """Makes the item that takes back what another engine is to do."""
    resume: Callable[[], bool] = lambda: False
    """Lets the next attempt go on behind the items that were given; False: it cannot."""
