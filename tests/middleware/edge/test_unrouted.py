"""Paths that no route has are refused at the edge, and all others go on to the router."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI, WebSocket

from middleware.edge import wrap
from middleware.edge.route_table import RouteTable
from middleware.edge.unrouted import Unrouted
from middleware.listener import default_listener
from routers.dialects import NATIVE
from routers.http.deferred_route import deferred_router
from stts.access.policy import RouteKind, policy
from tests.middleware.edge.apps import settings


@policy(RouteKind.USE)
async def name(name: str = "") -> str:
    return name


@policy(RouteKind.USE)
async def socket(websocket: WebSocket) -> None:
    await websocket.close()


def served(*, guarded: bool) -> FastAPI:
    app, router = FastAPI(openapi_url=None), deferred_router()
    router.add_api_route("/names", name)
    router.add_api_route("/names/{name}", name)
    router.add_api_websocket_route("/ws", socket)
    app.router.routes += router.routes
    table = RouteTable({NATIVE: app.router.routes})
    if guarded:
        app.add_middleware(Unrouted, table=table)
    return wrap(app, default_listener(settings, ("native",)), table)


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
@pytest.mark.parametrize(
    "path",
    ["/names", "/names/", "/names/anna", "/names/anna/", "/ws", "/ws/", "/", "/nowhere", "/nowhere/", "/namesake"],
)
async def test_all_is_answered_as_by_the_router(method: str, path: str) -> None:
    answers = []
    for guarded in (False, True):
        transport = httpx.ASGITransport(served(guarded=guarded))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            answers.append(await http.request(method, path, headers={"x-request-id": "same"}))
    before, after = answers
    assert (before.status_code, before.headers, before.text) == (after.status_code, after.headers, after.text)
