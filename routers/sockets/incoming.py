"""Messages that the client of a socket sends, on their way from the transport to whoever reads the socket.

They are read at all times, so that pings are answered and a goodbye is seen however far behind the session is: what
cannot be worked on yet waits in a spool. What can is done where the transport has read it, without a change of tasks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import copy_context
from typing import Any, Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from middleware.serving.extensions import DIRECT, DirectMessages
from routers.sockets.sent_ahead import SentAhead
from stts.errors import STTSError
from stts.streams.spool import Spool

SLICE_SECONDS = 0.002
"""Time for which messages pass without a pause before others have their turn."""


class Owner(Protocol):
    """The socket, as far as its messages concern it."""

    active: float

    async def send_json(self, event: dict[str, Any]) -> None: ...

    async def error(self, error: STTSError) -> None: ...

    def close_with(self, error: Exception) -> None: ...

    def left(self) -> None: ...


class Incoming:
    """Iterate it for the messages; it ends when the client leaves. One reader at a time."""

    def __init__(self, websocket: WebSocket, spool: Spool) -> None:
        self._websocket = websocket
        self._spool = spool
        self.direct: DirectMessages | None = websocket.scope.get("extensions", {}).get(DIRECT)
        self.at_once: Callable[[str | bytes], dict[str, Any] | None] | None = None
        """Answers a message without waiting for those before it; None: its turn comes."""
        self.hear_now: Callable[[str | bytes], bool] | None = None
        """Takes a message whose turn has come, without waiting; False: the reader takes it."""
        self._loop = asyncio.get_running_loop()
        self._filler: asyncio.Task[None] | None = None
        self._closed = False
        self._rested = 0.0
        """When others had their turn last, by the monotonic clock."""

    def start(self, owner: Owner) -> None:
        """Takes messages from now on, before there is a reader."""
        self._owner, self._ahead = owner, SentAhead(self._spool, owner.error)
        if self.direct is not None:
            self._hand_over(self.direct)
        else:
            self._filler = asyncio.create_task(self._fill(), name="socket reader")

    async def aclose(self) -> None:
        self._closed = True
        if self._filler is not None:
            self._filler.cancel()
            await asyncio.wait([self._filler])
        await self._spool.aclose()
        self.at_once = self.hear_now = None
        del self._owner, self._ahead  # the socket, which holds this

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        while (message := await self._next()) is not None:
            # It may have come before there was somebody to answer it at once.
            if (answer := self._answer(message)) is not None:
                await self._owner.send_json(answer)
            else:
                yield message

    async def _next(self) -> str | bytes | None:
        if not self._spool.held:
            message = await self._spool.get()
            self._rested = time.monotonic()
            return message
        await self._rest()
        return await self._spool.get()

    async def _rest(self) -> None:
        """Neither end needs to have waited for a message, so a flood of them would let nobody else run."""
        if time.monotonic() - self._rested > SLICE_SECONDS:
            await asyncio.sleep(0)
            self._rested = time.monotonic()

    async def _fill(self) -> None:
        """Takes what comes by ASGI, where no transport hands it on."""
        try:
            while (message := await self._websocket.receive())["type"] != "websocket.disconnect":
                data = message.get("bytes")
                if (rest := self._take(message["text"] if data is None else data)) is not None:
                    await rest
                await self._rest()
            self._owner.left()
        except WebSocketDisconnect:
            pass
        except Exception as error:  # noqa: BLE001 - carried over to the task of the socket, whatever it is
            self._owner.close_with(error)
        self._spool.end()

    def _hand_over(self, direct: DirectMessages) -> None:
        context = copy_context()  # what is begun or logged for a message is this socket's, whoever brings it
        direct.hand_to(lambda message: context.run(self._handed, message))

    def _handed(self, message: str | bytes) -> bool:
        """Takes a message that the transport hands on; False: the next has to wait."""
        if self._closed:
            return True
        try:
            rest = self._take(message)
        except Exception as error:  # noqa: BLE001 - the transport would be cut off in the middle of a read
            self._owner.close_with(error)
            self._spool.end()
            return False
        if rest is None:
            return True
        self._filler = asyncio.create_task(self._finish(rest), name="socket reader")
        return False

    async def _finish(self, rest: Awaitable[None]) -> None:
        try:
            await rest
        except WebSocketDisconnect:
            self._spool.end()
            return
        except Exception as error:  # noqa: BLE001 - as in `_fill`
            self._owner.close_with(error)
            self._spool.end()
            return
        assert self.direct is not None
        self.direct.take_more()

    def _take(self, message: str | bytes) -> Awaitable[None] | None:
        """Returns what has to be done before the next is taken. Raises PayloadTooLarge."""
        self._owner.active = self._loop.time()
        if (answer := self._answer(message)) is not None:
            return self._owner.send_json(answer)
        if self.hear_now is not None and self._spool.awaited and self.hear_now(message):
            return None
        return self._ahead.keep(message)

    def _answer(self, message: str | bytes) -> dict[str, Any] | None:
        return self.at_once(message) if self.at_once is not None else None
