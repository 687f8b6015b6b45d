"""A small app behind the edge, and clients of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, File, Query, Request, UploadFile, WebSocket
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from middleware.edge import wrap
from middleware.edge.dialect import EdgeDialect
from middleware.edge.route_table import RouteTable
from middleware.listener import default_listener
from routers.dialects import MANAGEMENT, NATIVE, OPENAI
from routers.http.deferred_route import deferred_router
from stts.access.client_secrets import ClientSecrets
from stts.access.policy import Public, RouteKind, RoutePolicy, Upload, attach
from stts.errors import Busy, UnknownVoice
from stts.settings import LimitSettings, SecuritySettings, ServerSettings, Settings

SECRET = "Dear Anna"


POLICIES = {
    "/health": RoutePolicy(RouteKind.HEALTH, Public.ANYWHERE),
    "/ready": RoutePolicy(RouteKind.HEALTH, Public.WITHOUT_QUERY),
    "/config": RoutePolicy(RouteKind.MANAGE),
    "/v1/audio/voices": RoutePolicy(RouteKind.USE, Public.LISTED),
    "/v1/audio/models": RoutePolicy(RouteKind.USE, Public.LISTED),
    "/v1/realtime": RoutePolicy(RouteKind.USE, client_secrets=True),
    "/stt": RoutePolicy(RouteKind.USE, upload=Upload.FORM),
    "/files": RoutePolicy(RouteKind.MANAGE, upload=Upload.FORM),
    "/talk": RoutePolicy(RouteKind.PAGE, Public.ALWAYS),
    "/talk/{name}": RoutePolicy(RouteKind.USE, Public.ALWAYS),
    "/docs": RoutePolicy(RouteKind.PAGE, Public.ALWAYS),
    "/openapi.json": RoutePolicy(RouteKind.USE, Public.ALWAYS),
}
"""As the routes of the server state them."""


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1)
    speed: float = Field(1.0, ge=0.25, le=4, allow_inf_nan=False)


def settings(host: str = "127.0.0.1", limits: dict[str, Any] | None = None, **security: Any) -> Settings:
    return Settings(
        server=ServerSettings(host=host),
        security=SecuritySettings(**security),
        limits=LimitSettings(**(limits or {})),
    )


def app_with(current: Settings) -> FastAPI:
    app, router = FastAPI(), deferred_router()
    for path in ("/talk", "/talk/{name}"):
        router.add_api_route(path, _who)
    for path in ("/health", "/ready", "/voices", "/config", "/v1/audio/voices", "/v1/audio/models", "/v1/models"):
        router.add_api_route(path, _who)
    router.add_api_route("/tts", _json, methods=["POST"])
    router.add_api_route("/v1/audio/speech", _json, methods=["POST"])
    router.add_api_route("/stt", _upload, methods=["POST"])
    router.add_api_route("/files", _raw, methods=["POST"])
    router.add_api_route("/query", _query)
    for path in ("/unknown-voice", "/v1/unknown-voice"):
        router.add_api_route(path, _unknown_voice)
    router.add_api_route("/busy", _busy)
    router.add_api_route("/broken", _broken)
    router.add_api_route("/cut", _cut)
    router.add_api_websocket_route("/ws", _echo)
    router.add_api_websocket_route("/v1/realtime", _echo)
    router.add_api_websocket_route("/ws/busy", _busy_socket)
    router.add_api_websocket_route("/ws/broken", _broken_socket)
    router.add_api_websocket_route("/ws/query", _query_socket)
    app.router.routes += router.routes
    return behind_edge(app, current)


def behind_edge(app: FastAPI, current: Settings, secrets: ClientSecrets | None = None) -> FastAPI:
    """The app behind the classes of the edge; routes that state no policy get the usual one of their path."""
    for route in app.routes:
        assert isinstance(route, Route | WebSocketRoute)
        if not hasattr(route.endpoint, "route_policy"):
            usual = POLICIES.get(route.path, RoutePolicy(RouteKind.USE))
            route.endpoint = attach(usual)(partial(route.endpoint))
    routes: dict[EdgeDialect, list[BaseRoute]] = {NATIVE: [], MANAGEMENT: [], OPENAI: []}
    for route in app.routes:
        assert isinstance(route, Route | WebSocketRoute)
        routes[OPENAI if route.path.startswith("/v1/") else NATIVE].append(route)
    return wrap(app, default_listener(lambda: current), RouteTable(routes), secrets)


def client(app: ASGIApp, *, raising: bool = True) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=raising)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")


async def _who(request: Request) -> dict[str, Any]:
    principal = request.state.principal
    return {"principal": principal.name, "id": request.state.request_id}


async def _json(wanted: Wanted) -> dict[str, Any]:
    return wanted.model_dump()


async def _upload(file: Annotated[UploadFile, File()]) -> int:
    return len(await file.read())


async def _raw(request: Request) -> int:
    return sum([len(part) async for part in request.stream()])


async def _query(number: Annotated[int, Query(ge=1)]) -> int:
    return number


async def _unknown_voice() -> None:
    raise UnknownVoice("There is no such voice.", param="voice", allowed=["low", "high"])


async def _busy() -> None:
    raise Busy("The queue is full.", retry_after=1.2)


async def _broken() -> None:
    raise KeyError(SECRET)


async def _cut() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"begun"
        raise Busy("The engine went away.")

    return StreamingResponse(parts())


async def _echo(socket: WebSocket) -> None:
    await socket.accept(subprotocol="realtime" if "realtime" in socket.scope["subprotocols"] else None)
    await socket.send_text(await socket.receive_text())
    await socket.close()


async def _busy_socket(socket: WebSocket, accept: bool = False) -> None:
    if accept:
        await socket.accept()
    raise Busy("The queue is full.")


async def _broken_socket(socket: WebSocket, accept: bool = False) -> None:
    if accept:
        await socket.accept()
    raise KeyError(SECRET)


async def _query_socket(socket: WebSocket, rate: int) -> None:
    await socket.accept()


class Raw:
    """A connection on which anything can be sent, and nothing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    @asynccontextmanager
    async def open(cls, port: int) -> AsyncIterator[Raw]:
        raw = cls(*await asyncio.open_connection("127.0.0.1", port))
        try:
            yield raw
        finally:
            await raw.close()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def post(self, path: str, headers: str, body: bytes = b"") -> None:
        await self.send(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n\r\n".encode() + body)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {line.split(":")[0].lower(): line.partition(":")[2].strip() for line in head[1:] if line}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(head[0].split()[1]), headers, body

    async def closed(self) -> bool:
        """Waits until the server closes the connection."""
        with suppress(ConnectionError):
            return await self.reader.read() == b""
        return True

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()
