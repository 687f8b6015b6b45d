"""Endpoints that take a JSON body past the framework answer, and refuse, as those of the framework do."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from middleware.edge.errors import install_error_handlers
from routers.http.body_endpoint import BodyEndpoint, takes_body
from routers.http.deferred_route import deferred_router
from stts.errors import Busy


class Fields(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=10)
    speed: float = Field(1.0, gt=0)


async def speak(fields: Fields, request: Request) -> Response:
    if fields.text == "busy":
        raise Busy("later")
    return Response(f"{fields.text} {fields.speed} {request.method}")


async def made_by_the_framework(fields: Fields, request: Request) -> dict[str, Any]:
    answer = await speak(fields, request)
    return {"text": bytes(answer.body).decode()}


async def in_another_order(request: Request, fields: Fields) -> Response:
    return await speak(fields, request)


async def with_a_query(fields: Fields, request: Request, loud: bool) -> Response:
    return await speak(fields, request)


async def with_a_default(fields: Fields = Fields(text="hello"), *, request: Request) -> Response:  # noqa: B008
    return await speak(fields, request)


def made() -> FastAPI:
    app, router = FastAPI(openapi_url=None), deferred_router()
    router.add_api_route("/quick", speak, methods=["POST"], response_class=Response)
    app.router.routes += router.routes
    # The framework's own route of the very same endpoint.
    app.add_api_route("/slow", speak, methods=["POST"], response_class=Response)
    install_error_handlers(app)
    return app


def test_which_endpoints_are_such() -> None:
    assert takes_body(speak) is Fields
    for other in (made_by_the_framework, in_another_order, with_a_query, with_a_default):
        assert takes_body(other) is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"text": "hello", "speed": 2}', "application/json"),
        (b'{"text": "hello"}', "application/json; charset=utf-8"),
        (b'{"text": "hello"}', "application/problem+json"),
        (b'{"text": "busy"}', "application/json"),
        (b'{"text": 7, "speed": 0, "other": 1}', "application/json"),
        (b'{"text": "much too long for it"}', "application/json"),
        (b"{}", "application/json"),
        (b"[]", "application/json"),
        (b"7", "application/json"),
        (b'"text"', "application/json"),
        (b"null", "application/json"),
        (b"", "application/json"),
        (b'{"text": ', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"text": "hello"}', "text/plain"),
        (b"text=hello", "application/x-www-form-urlencoded"),
        (b'{"text": "hello"}', ""),
    ],
)
async def test_it_answers_as_the_framework_does(body: bytes, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(made()), base_url="http://test") as http:
        quick = await http.post("/quick", content=body, headers=headers)
        slow = await http.post("/slow", content=body, headers=headers)
    assert (quick.status_code, quick.headers, quick.text) == (slow.status_code, slow.headers, slow.text)


async def test_its_route_is_served_so() -> None:
    app = made()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        assert (await http.post("/quick", json={"text": "hello"})).text == "hello 1.0 POST"
    (route,) = (each for each in app.routes if getattr(each, "path", "") == "/quick")
    assert isinstance(getattr(route, "app", None), BodyEndpoint)
