"""An application that is made when its first request comes."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from middleware.edge.route_table import RouteTable
from middleware.serving.late_app import LateApp
from routers.dialects import OPENAI


async def test_it_is_made_once_for_all_who_ask_at_first() -> None:
    made, asked = [], []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])

    def make() -> tuple[ASGIApp, RouteTable]:
        made.append(True)
        return app, RouteTable({OPENAI: []})

    async def nothing(*_: object) -> Any:
        raise AssertionError

    late = LateApp(make)
    assert late.table.match("http", "GET", "/v1/models").dialect is not OPENAI
    assert not late.table.is_always_answered(b"/health")
    await asyncio.gather(*(late({"type": "http", "path": path}, nothing, nothing) for path in ("/a", "/b")))
    assert (len(made), asked) == (1, ["/a", "/b"])
    assert late.table.match("http", "GET", "/v1/models").dialect is OPENAI
