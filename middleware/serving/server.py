"""How the application is served: uvicorn with bounded heads and frames, and a stop that lets everybody finish."""

from __future__ import annotations

import logging
import math
import signal
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from middleware.serving.connections import connections_of
from middleware.serving.http_head import BoundedHead
from middleware.serving.lifecycle import Lifecycle
from middleware.serving.starts import Starts
from middleware.serving.websocket_frames import BoundedFrames
from stts.settings import Settings


def server_config(app: FastAPI, settings: Settings, **changes: Any) -> uvicorn.Config:
    """How this application is served: with as many connections as the file limit of this moment leaves room for."""
    connections = connections_of(settings)
    options: dict[str, Any] = {
        "http": partial(BoundedHead, connections=connections, starts=Starts()),
        "ws": partial(BoundedFrames, connections=connections),
        "ws_max_size": settings.limits.message_bytes,
        "ws_per_message_deflate": False,  # speech does not shrink, and each connection would hold 30 KB for it
        "host": settings.server.host,
        "port": settings.server.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": math.ceil(settings.server.drain_seconds),
        "ssl_certfile": settings.server.tls_certificate,
        "ssl_keyfile": settings.server.tls_key,
    }
    return uvicorn.Config(app, **options | changes)


def _stop_is_no_error(record: logging.LogRecord) -> bool:
    """That a stop has cut what would not end is what its operator asked for."""
    if str(record.msg).startswith("Cancel %s running task"):
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


logging.getLogger("uvicorn.error").addFilter(_stop_is_no_error)


class Server(uvicorn.Server):
    """Drains at the first stop signal, says so at /ready, and ends with status 0; a second Ctrl-C ends it at once."""

    def __init__(self, config: uvicorn.Config, life: Lifecycle, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._life = life
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._life.phase = "draining"
        for hook in self._life.on_shutdown:
            await hook()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._life.phase = "draining"
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
