"""Planning: decides once what a request is given, before the stages further in and the operation see it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from middleware.pipeline import Item, Operation, Request
from stts.context import Priority, RequestContext


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
        async for item in call_next(context, await self._planner.planned(request, context.priority)):
            yield item
