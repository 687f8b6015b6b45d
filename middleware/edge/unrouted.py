"""Paths that no route has are refused before the router, which would ask each of its routes, three times over."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from middleware.edge.boundary import refuse
from middleware.edge.route_table import RouteTable, local_path, route_match
from stts.errors import NotFound


class Unrouted:
    """Within all other classes of the edge: who asks has been let in, and is counted."""

    def __init__(self, app: ASGIApp, table: RouteTable) -> None:
        self.app = app
        self._table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not route_match(scope).is_route and not self._table.leads_on(local_path(scope)):
            await refuse(scope, receive, send, NotFound("There is nothing at this path."))
            return
        await self.app(scope, receive, send)
