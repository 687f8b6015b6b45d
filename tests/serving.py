"""A real server on a loopback socket, in this event loop or in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from middleware.edge.route_table import RouteTable
from middleware.listener import ListenerSettings
from middleware.serving.http_head import BoundedHead
from middleware.serving.server import server_config
from middleware.serving.websocket_frames import BoundedFrames
from tests.patience import PATIENCE


class Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def route_table_of(app: ASGIApp) -> RouteTable:
    """Route table of an app behind the edge; an empty one for any other app."""
    state = app.state if isinstance(app, FastAPI) else None
    return getattr(state, "route_table", None) or RouteTable({})


@asynccontextmanager
async def serving(
    app: ASGIApp,
    http: str | type[asyncio.Protocol] | None = None,
    grace: int | None = None,
    ws: type[asyncio.Protocol] = BoundedFrames,
    **options: Any,
) -> AsyncIterator[int]:
    """Yields the port. When the context ends, requests in flight have `grace` seconds left, or for ever."""
    config = uvicorn.Config(
        app,
        log_config=None,
        http=http or partial(BoundedHead, table=route_table_of(app)),  # type: ignore[arg-type]
        ws=ws,
        ws_per_message_deflate=False,
        lifespan="off",
        timeout_graceful_shutdown=grace,
        **options,
    )
    server = Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        task.add_done_callback(lambda _: server.ready.set())
        await server.ready.wait()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task


@contextmanager
def in_a_thread(
    app: FastAPI, listener: ListenerSettings, buffer_bytes: int | None = None, **options: Any
) -> Iterator[str]:
    """Serves an app behind the edge as a listener of ours does. Yields the address, without a slash at its end.

    `buffer_bytes`: kept by the system of what a client has not taken. `options`: of uvicorn.
    """
    table = app.state.route_table
    server = uvicorn.Server(server_config(app, listener, table, timeout_graceful_shutdown=1, **options))
    with socket.create_server(("127.0.0.1", 0)) as listens:
        if buffer_bytes is not None:
            listens.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
        thread = threading.Thread(target=server.run, args=([listens],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listens.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive()
