"""Repeating: what answers requests again that are the same, made once, and put around the application of a listener."""

from __future__ import annotations

from fastapi import FastAPI

from middleware.edge.repeats import Plans, Repeating, Repeats
from middleware.edge.request_memory import RequestMemory
from middleware.listener import ListenerSettings
from middleware.stages.whole import WholeAnswers
from routers.access_services import AccessServices
from stts.access.remainders import Remainders
from stts.cache.store import CacheStore
from stts.settings import CurrentSettings


def open_repeating(
    current: CurrentSettings, access: AccessServices, cache: CacheStore, plans: Plans, whole: WholeAnswers
) -> Repeating | None:
    """None where several servers count together: then each request asks them."""
    if access.shared_limits is not None:
        return None
    return Repeating(RequestMemory(), cache, plans, whole, access.rates, access.directory, current)


def put_around(app: FastAPI, listener: ListenerSettings, parts: Repeating, remainders: Remainders) -> None:
    """Outside of all that the framework puts around an app."""
    stack = app.build_middleware_stack
    app.build_middleware_stack = lambda: Repeats(stack(), listener, parts, remainders)  # type: ignore[method-assign]
