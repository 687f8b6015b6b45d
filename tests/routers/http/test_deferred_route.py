"""Routes that wait to be analysed answer, refuse and are described as any other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Response, WebSocket
from fastapi.exceptions import FastAPIError
from pydantic import BaseModel
from starlette.types import Message

from routers.http.deferred_route import (
    Deferred,
    DeferredRoute,
    DeferredSocketRoute,
    PlainRoute,
    analyse_routes,
    deferred_router,
)


class Item(BaseModel):
    number: int


async def double(item: Item) -> Item:
    return Item(number=2 * item.number)


async def plain() -> Response:
    return Response("plain")


@pytest.fixture
def app() -> FastAPI:
    router = deferred_router("numbers")
    router.add_api_route("/double", double, methods=["POST"], summary="Double it")
    router.add_api_route("/plain", plain, response_model=Item, route_class_override=PlainRoute)
    app = FastAPI(openapi_url=None)
    app.router.routes += router.routes
    return app


@pytest.fixture
def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def deferred(app: FastAPI) -> set[str]:
    return {route.path for route in app.routes if isinstance(route, Deferred) and route.is_deferred}


async def test_the_first_request_analyses_its_route_and_no_other(app: FastAPI, client: httpx.AsyncClient) -> None:
    assert deferred(app) == {"/double", "/plain"}
    assert (await client.post("/double", json={"number": 21})).json() == {"number": 42}
    assert deferred(app) == {"/plain"}
    assert (await client.post("/double", json={"number": "many"})).status_code == 422


async def test_a_plain_route_answers_without_being_analysed(app: FastAPI, client: httpx.AsyncClient) -> None:
    assert (await client.get("/plain")).text == "plain"
    assert "/plain" in deferred(app)
    await analyse_routes(app.routes)
    assert (await client.get("/plain")).text == "plain"


async def test_another_method_is_refused_without_analysis(app: FastAPI, client: httpx.AsyncClient) -> None:
    assert (await client.get("/double")).status_code == 405
    assert (await client.post("/plain")).status_code == 405
    assert deferred(app) == {"/double", "/plain"}


async def test_a_socket_is_analysed_by_its_first_client(app: FastAPI) -> None:
    async def converse(websocket: WebSocket, number: int = 1) -> None:
        await websocket.accept()
        await websocket.send_json({"number": number})

    router = deferred_router()
    router.add_api_websocket_route("/numbers", converse)
    app.router.routes += router.routes
    assert "/numbers" in deferred(app)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/numbers", "query_string": b"number=7", "headers": [], "subprotocols": []}
    await app(scope, lambda: asyncio.sleep(0, {"type": "websocket.connect"}), send)
    assert [message.get("text") for message in sent] == [None, '{"number":7}']
    assert "/numbers" not in deferred(app)


async def test_all_are_analysed_after_the_start(app: FastAPI) -> None:
    await analyse_routes(app.routes)
    assert deferred(app) == set()


def test_the_document_describes_all(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    assert paths["/double"]["post"]["summary"] == "Double it"
    assert paths["/double"]["post"]["tags"] == ["numbers"]
    assert "Item" in str(paths["/double"]["post"]["requestBody"])
    assert "Item" in str(paths["/plain"]["get"]["responses"]["200"])


def test_what_a_route_does_not_have_is_missing(app: FastAPI) -> None:
    route = next(route for route in app.routes if isinstance(route, DeferredRoute))
    with pytest.raises(AttributeError):
        _ = route.nothing
    assert not route.is_deferred


async def test_an_endpoint_that_cannot_be_served_is_found_when_it_is_analysed() -> None:
    async def answers() -> Item | Response:
        raise AssertionError

    router = deferred_router()
    router.add_api_route("/answers", answers)
    with pytest.raises(FastAPIError):
        await analyse_routes(router.routes)


async def takes_the_socket(websocket: WebSocket) -> None:
    """Has no fields."""


async def takes_a_field(voice: str) -> None:
    """Has one, and no socket."""


async def takes_both(websocket: WebSocket, voice: str = "") -> None:
    """Has one beside the socket."""


@pytest.mark.parametrize(
    ("endpoint", "by"),
    [
        (takes_the_socket, DeferredSocketRoute.__module__),
        (takes_a_field, "fastapi.routing"),
        (takes_both, "fastapi.routing"),
    ],
)
def test_what_fields_need_is_kept_for_sockets_that_have_some(endpoint: Callable[..., Any], by: str) -> None:
    route = DeferredSocketRoute("/socket", endpoint)
    route.analyse()
    assert route.app.__module__ == by
