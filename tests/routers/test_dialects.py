"""Every route states what it is, and every listener speaks the dialects that it names."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import fastapi.routing
import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Match, WebSocketRoute

from adapters.configuration.adapter import ConfigAdapter
from middleware.edge.route_table import RouteTable, stated_policy
from middleware.listener import default_listener
from routers.app import build_app, create_app
from routers.dialects import DIALECTS, NATIVE
from routers.http.deferred_route import Deferred
from routers.services import build_services
from routers.startup import running
from stts.access.policy import MissingPolicy, Public, RouteKind, Upload
from stts.settings import Settings
from tests.fakes import registry

FRAMEWORK = ("/openapi.json", "/static-offline-docs", "/docs")
"""Paths of routes that the framework makes itself."""


def table(app: FastAPI) -> RouteTable:
    found = app.state.route_table
    assert isinstance(found, RouteTable)
    return found


@pytest.fixture
def app(settings: Settings, tmp_path: Path) -> FastAPI:
    (tmp_path / "config.yaml").write_text("")
    return create_app(
        settings, config=ConfigAdapter.load(tmp_path / "config.yaml", {"STTS_STORAGE__ROOT": str(tmp_path)}, None)
    )


def test_every_route_states_its_policy(app: FastAPI) -> None:
    for route in app.routes:
        assert isinstance(stated_policy(route).kind, RouteKind)


def test_a_route_without_a_policy_is_refused_at_the_start() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/thing")
    async def thing() -> None: ...

    with pytest.raises(MissingPolicy, match="/thing"):
        RouteTable({NATIVE: app.routes})


@pytest.mark.parametrize(
    ("method", "path", "dialect", "role", "public", "upload"),
    [
        ("GET", "/health", "native", RouteKind.HEALTH, Public.ANYWHERE, Upload.NONE),
        ("HEAD", "/ready", "native", RouteKind.HEALTH, Public.WITHOUT_QUERY, Upload.NONE),
        ("POST", "/tts", "native", RouteKind.USE, Public.NEVER, Upload.NONE),
        ("POST", "/stt", "native", RouteKind.USE, Public.NEVER, Upload.FORM),
        ("POST", "/conversation", "native", RouteKind.USE, Public.NEVER, Upload.FORM),
        ("POST", "/engines/tone/load", "native", RouteKind.MANAGE, Public.NEVER, Upload.NONE),
        ("GET", "/engines/tone/nothing", "native", RouteKind.MANAGE, Public.NEVER, Upload.NONE),
        ("GET", "/voices", "native", RouteKind.USE, Public.NEVER, Upload.NONE),
        ("GET", "/nowhere", "native", RouteKind.USE, Public.NEVER, Upload.NONE),
        ("GET", "/v1", "native", RouteKind.USE, Public.NEVER, Upload.NONE),
        ("GET", "/v1/nowhere", "openai", RouteKind.USE, Public.NEVER, Upload.NONE),
        ("GET", "/v1/models/a/b", "openai", RouteKind.USE, Public.NEVER, Upload.NONE),
        ("GET", "/v1/audio/voices", "openai", RouteKind.USE, Public.LISTED, Upload.NONE),
        ("POST", "/v1/audio/translations", "openai", RouteKind.USE, Public.NEVER, Upload.FORM_OR_JSON),
        ("POST", "/v1/audio/speech/timestamps", "openai", RouteKind.USE, Public.NEVER, Upload.FORM),
        ("GET", "/files", "management", RouteKind.MANAGE, Public.NEVER, Upload.NONE),
        ("POST", "/files", "management", RouteKind.MANAGE, Public.NEVER, Upload.FORM),
        ("GET", "/analytics", "management", RouteKind.MANAGE, Public.NEVER, Upload.NONE),
        ("GET", "/config/nowhere", "management", RouteKind.MANAGE, Public.NEVER, Upload.NONE),
        ("GET", "/configured", "native", RouteKind.USE, Public.NEVER, Upload.NONE),
        ("GET", "/", "native", RouteKind.PAGE, Public.ALWAYS, Upload.NONE),
        ("GET", "/docs", "pages", RouteKind.PAGE, Public.ALWAYS, Upload.NONE),
        ("GET", "/app/home", "pages", RouteKind.PAGE, Public.ALWAYS, Upload.NONE),
        ("GET", "/assets/0/shared/shell.js", "pages", RouteKind.USE, Public.ALWAYS, Upload.NONE),
        ("GET", "/talk", "pages", RouteKind.PAGE, Public.ALWAYS, Upload.NONE),
        ("GET", "/static-offline-docs/a.js", "pages", RouteKind.USE, Public.ALWAYS, Upload.NONE),
        ("GET", "/openapi.json", "pages", RouteKind.USE, Public.ALWAYS, Upload.NONE),
    ],
)
def test_what_the_routes_of_the_server_are(
    app: FastAPI, method: str, path: str, dialect: str, role: RouteKind, public: Public, upload: Upload
) -> None:
    match = table(app).match("http", method, path)
    policy = match.policy
    assert (match.dialect.name, policy.kind, policy.public, policy.upload) == (dialect, role, public, upload)


@pytest.mark.parametrize("tail", ["", "\n"])
def test_whatever_the_router_lets_in_has_the_policy_of_its_route(app: FastAPI, tail: str) -> None:
    """Patterns of the router match a line feed at the end."""
    for route in app.routes:
        kind = "websocket" if isinstance(route, WebSocketRoute) else "http"
        path = re.sub(r"{[^}]*}", "x", getattr(route, "path", "")) + tail
        method = next(iter(getattr(route, "methods", None) or ["GET"]))
        taken = next((each for each in app.routes if _takes(each, kind, method, path)), None)
        if taken is not None:
            assert table(app).match(kind, method, path).policy == stated_policy(taken), (method, path)


def _takes(route: BaseRoute, kind: str, method: str, path: str) -> bool:
    scope = {"type": kind, "method": method, "path": path, "root_path": "", "headers": []}
    return route.matches(scope)[0] is Match.FULL


def test_a_client_secret_opens_the_socket_and_the_calls_of_realtime_only(app: FastAPI) -> None:
    opened = {route.path for route in app.routes if stated_policy(route).client_secrets}  # type: ignore[attr-defined]
    calls = "/v1/realtime/calls"
    assert opened == {"/v1/realtime", "/v1/realtime/translations", calls, f"{calls}/{{call_id}}/hangup"}
    assert not table(app).match("http", "POST", "/v1/realtime").policy.client_secrets


def test_no_route_is_analysed_at_the_start(app: FastAPI) -> None:
    ours = [route for route in app.router.routes if not getattr(route, "path", "").startswith(FRAMEWORK)]
    assert [route for route in ours if not (isinstance(route, Deferred) and route.is_deferred)] == []


async def test_routes_are_analysed_after_the_start_and_before_the_server_is_ready(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = build_services(settings, registry=registry())
    app = build_app(services, default_listener(services.settings, tuple(DIALECTS)))
    analysed = asyncio.get_running_loop().create_future()

    async def note_phase() -> None:
        analysed.set_result(services.lifecycle.phase)

    services.lifecycle.on_start.append(note_phase)
    read = "get_dependant"  # with which the signature of an endpoint is read
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        with monkeypatch.context() as patch:
            patch.setattr(fastapi.routing, read, None)
            assert (await client.get("/health")).status_code == 200
        async with running(services):
            assert await analysed == "starting"
            monkeypatch.setattr(fastapi.routing, read, None)
            assert (await client.get("/info")).status_code == 200
            assert (await client.post("/tts", json={})).status_code == 422
            assert (await client.get("/openapi.json")).status_code == 200


def test_a_listener_speaks_the_dialects_that_it_names(settings: Settings) -> None:
    services = build_services(settings)
    app = build_app(services, default_listener(services.settings, ("openai",)))
    assert {route.path.split("/")[1] for route in app.routes} == {"v1"}  # type: ignore[attr-defined]
    assert set(DIALECTS) == {"native", "openai", "pages", "management"}


def test_a_dialect_that_there_is_not_is_refused(settings: Settings) -> None:
    services = build_services(settings)
    with pytest.raises(KeyError, match="nosuch"):
        build_app(services, default_listener(services.settings, ("nosuch",)))
