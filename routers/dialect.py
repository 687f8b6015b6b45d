"""A dialect: its routes, the shape of its errors, and where its clients put a key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter

from middleware.edge.dialect import EdgeDialect
from middleware.listener import ListenerSettings
from routers.services import Services
from stts.settings.section import Section


class Routes(Protocol):
    """The routes of one concern, made over the services."""

    router: APIRouter


@dataclass(frozen=True, eq=False, kw_only=True)
class Dialect(EdgeDialect):
    """One way to talk to the server. A listener names those that it speaks."""

    routes: Callable[[Services, ListenerSettings], Sequence[Routes]]
    """Made for each listener that speaks it. Each endpoint states its policy (stts/access/policy.py)."""
    options: type[Section] | None = None
    """The shape of `options` of a listener, which are for this dialect alone; the listener has a value of it."""
    on_start: Callable[[Services, ListenerSettings], Awaitable[None]] | None = None
    """Called once for each listener that is there at the start of the server, before that is ready, and beside the work
    of one that starts later: its routes are made only with its first request."""
