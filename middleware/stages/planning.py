"""Planning: decides once what a request is given, before the stages further in and the operation see it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Protocol, cast

from middleware.pipeline import Item, Operation, Request
from stts.access.permission import EVERYTHING, Permission
from stts.context import Priority, RequestContext
from stts.plans import ListenRequest, SpeechRequest


class Planner(Protocol):
    """Makes plans. It raises all that can be known to be wrong before the work."""

    async def planned(self, request: Request, priority: Priority) -> Request: ...


class PlanningStage:
    """Stands inside the stages that log, count and time, so that what is refused here is told by them too."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner

    async def __call__(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncGenerator[Item, None]:
        permitted = with_permission(request, context.principal.permission)
        async for item in call_next(context, await self._planner.planned(permitted, context.priority)):
            yield item


def with_permission(request: Request, permission: Permission) -> Request:
    """The request with what its caller may use; as it is where it has that, and any other kind of request."""
    if permission is EVERYTHING:
        return request
    # Most routes of speech have said it already, which saves the copies.
    if isinstance(request, SpeechRequest) and _lacks(request, permission):
        return cast(Request, replace(request, config=replace(request.config, permission=permission)))
    if isinstance(request, ListenRequest) and _lacks(request, permission):
        return cast(Request, replace(request, config=replace(request.config, permission=permission)))
    return request


def _lacks(request: SpeechRequest | ListenRequest, permission: Permission) -> bool:
    said = request.config.permission
    # Mostly it is the very same: the principal of a key has one.
    return said is not permission and said != permission
