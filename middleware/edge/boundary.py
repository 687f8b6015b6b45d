"""The outermost seam for exceptions: whatever comes this far is answered once, logged once, and goes no further."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect
from structlog.typing import FilteringBoundLogger

from middleware.edge.errors import error_response
from middleware.edge.refusals import request_line
from middleware.edge.route_table import local_path
from middleware.serving.extensions import CUT, LEFT
from stts.errors import Forbidden, NotFound, ShuttingDown, StorageFull, STTSError
from stts.storage.files.failures import is_full

log: FilteringBoundLogger = structlog.get_logger()

BEGIN = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})
POLICY_VIOLATION, UNEXPECTED, TRY_AGAIN_LATER = 1008, 1011, 1013
"""WebSocket close codes."""


class ErrorBoundary:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except (ClientDisconnect, WebSocketDisconnect):
            log.debug("client left", **request_line(scope, local_path(scope)))
        except asyncio.CancelledError:
            # The server stops and waits no longer: nothing is left to be cancelled, and it is nobody's error.
            if not await exchange.fail(ShuttingDown("The server is stopping.")):
                raise
        except Exception as error:  # noqa: BLE001 - the one place for what nobody foresaw
            await exchange.fail(_expected(error) or _unexpected(scope, error))
        finally:
            exchange.log_socket()


def _expected(error: Exception) -> STTSError | None:
    """An error of ours; once an answer has begun, the framework hands it on as the cause of another."""
    cause = error if isinstance(error, STTSError | OSError) else error.__cause__
    if isinstance(cause, OSError):
        # Bodies and answers that do not fit into memory go through temporary files.
        return StorageFull("The disk of the server is full.") if is_full(cause) else None
    return cause if isinstance(cause, STTSError) else None


def _unexpected(scope: Scope, error: Exception) -> STTSError:
    log.error("unexpected error", **request_line(scope, local_path(scope)), error=type(error).__name__, exc_info=error)
    answer = STTSError("Something unexpected went wrong; the server's log says more under this request id.")
    answer.is_logged = True
    return answer


class _Exchange:
    """Progress of one request or socket."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._begun = False
        self._ended = False
        self._accepted: float | None = None
        """When, by the monotonic clock."""
        self._code: int | None = None
        """Code with which the socket was closed first, by either side."""

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._close(message)
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "websocket.close":
            self._close(message)
            if not self._begun:
                await self._refuse(message)
                return
        elif kind in BEGIN:
            self._begun = True
            self._ended = kind == "websocket.http.response.start"
            if kind == "websocket.accept":
                self._accepted = time.monotonic()
        await self._send(message)

    async def fail(self, error: STTSError) -> bool:
        """True if the client is told. A begun HTTP answer is cut off, so that it cannot pass for a whole one."""
        if self._begun and self._scope["type"] == "http":
            cut: Callable[[], None] | None = (self._scope.get("extensions") or {}).get(CUT)
            if cut is not None:
                cut()
            return cut is not None
        if self._begun and not self._ended:
            await self.send({"type": "websocket.close", "code": close_code(error)})
        elif not self._ended:
            await refuse(self._scope, self._receive, self._send, error)
        return True

    def log_socket(self) -> None:
        """One line for each socket that was accepted, when it has ended."""
        if self._accepted is not None:
            # Where messages go past ASGI nobody receives its goodbye.
            left = (self._scope.get("extensions") or {}).get(LEFT)
            if self._code is None and left is not None and left.done():
                self._code = left.result()
            seconds = round(time.monotonic() - self._accepted, 3)
            where = request_line(self._scope, local_path(self._scope))
            log.info("socket", **where, close_code=self._code, seconds=seconds)

    def _close(self, message: Message) -> None:
        self._ended = True
        if self._code is None:
            self._code = message.get("code")

    async def _refuse(self, close: Message) -> None:
        """A socket closed before it was accepted: by the router, which knows no such path, or by its endpoint."""
        if close.get("code") == 1000:
            error: STTSError = NotFound("There is nothing at this path.")
        else:
            error = Forbidden("This socket was refused.")
        await refuse(self._scope, self._receive, self._send, error)


async def refuse(scope: Scope, receive: Receive, send: Send, error: STTSError) -> None:
    """Answers a request, or a socket that is not accepted yet, with an error."""
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": close_code(error)})
        return
    await error_response(scope, error)(scope, receive, send)


def close_code(error: STTSError) -> int:
    """The WebSocket close code that says what went wrong. Clients connect anew at any but that of a violation: it
    stands for what is not installed too, where they would get the same again."""
    if error.status < 500 or (error.status == 503 and not error.retryable):
        return POLICY_VIOLATION
    return TRY_AGAIN_LATER if error.status == 503 else UNEXPECTED
