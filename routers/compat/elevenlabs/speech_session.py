"""The contexts of one socket, side by side: who is written to, who speaks, and how each ends.

A context lives from its first message to its close. What was flushed is spoken to its end after a close; a text of
which the last was not is ended where it is, as when a speaker was interrupted. A socket with one context ends with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.websockets import WebSocketDisconnect

from routers.compat.elevenlabs.contexts import SpeakText, SpeechContext
from routers.compat.elevenlabs.errors import socket_error
from routers.compat.elevenlabs.schemas import VoiceSettings
from routers.compat.elevenlabs.socket_schemas import SocketQuery, SpokenText, read_message
from routers.sockets.socket import Socket
from stts.errors import Conflict, STTSError

MOST_CONTEXTS = 5
"""Contexts that one socket may have at once, as at the hosted service."""

Prepare = Callable[[VoiceSettings | None], Awaitable[SpeakText]]
"""Plans the speech of a context. Raises what can be wrong with it."""


class SpeechSession:
    """Reads one socket, and speaks its contexts meanwhile."""

    def __init__(self, socket: Socket, query: SocketQuery, prepare: Prepare, limit: int, *, is_single: bool) -> None:
        """`limit`: characters of one context. `is_single`: the socket has one, which has no name."""
        self._socket = socket
        self._query = query
        self._prepare = prepare
        self._limit = limit
        self._is_single = is_single
        self._open: dict[str | None, SpeechContext] = {}
        """Contexts that are still written to."""
        self._tasks: dict[SpeechContext, asyncio.Task[None]] = {}
        """Contexts that are spoken."""
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def at_rest(self) -> bool:
        """Nothing is spoken any more."""
        return not self._tasks

    def wind_down(self) -> None:
        """Begins nothing more: a quota is used up."""
        self._limit = 0
        for context in self._open.values():
            context.close()
        self._open.clear()

    async def serve(self) -> None:
        """Reads until the client says that it is done, and speaks the rest; or until the client leaves."""
        try:
            if await self._read():
                self.wind_down()
                while self._tasks:
                    await asyncio.wait(self._tasks.values())
        finally:
            tasks = [*self._tasks.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def failed(self) -> None:
        """Raises what went wrong in a context that is no error of the client or of an engine."""
        await self._failure

    async def _read(self) -> bool:
        """True where the client was done, False where it left."""
        async for message in self._socket:
            name: str | None = None
            try:
                said = read_message(message)
                name = None if self._is_single else said.context_id or ""
                if await self._obey(said, name):
                    return True
            except STTSError as error:
                if self._is_single:
                    raise
                event = socket_error(error, self._socket.request_id, False)
                await self._socket.send_json({**event, "contextId": name or None})
        return False

    async def _obey(self, said: SpokenText, name: str | None) -> bool:
        """True if it was the last message of the socket."""
        if said.close_socket:
            return True
        if said.close_context and not self._is_single:
            await self._close(name)
        elif said.text or (said.flush and name in self._open):
            context = self._open.get(name) or await self._begin(name, said)
            # Each message of a client who sends whole sentences is one.
            flush = bool(said.flush) or (self._query.auto_mode and bool((said.text or "").strip()))
            context.write(said.text or "", flush=flush)
        # No text keeps a context alive, or ends the one of a socket that has but one.
        return self._is_single and said.text == "" and not said.flush

    async def _begin(self, name: str | None, said: SpokenText) -> SpeechContext:
        if len(self._tasks) >= MOST_CONTEXTS:
            raise Conflict(f"A socket has {MOST_CONTEXTS} contexts at once: close one first.")
        speak = await self._prepare(said.voice_settings)
        context = SpeechContext(name, self._socket, self._limit, absolute=self._query.sync_alignment)
        task = asyncio.create_task(context.speak(speak), name="speech context")
        self._open[name] = context
        self._tasks[context] = task
        task.add_done_callback(lambda done: self._ended(context, done))
        return context

    async def _close(self, name: str | None) -> None:
        context = self._open.pop(name, None)
        if context is None:
            return
        context.close()
        task = self._tasks.get(context)
        if task is not None and not context.is_flushed:
            task.cancel()
            await asyncio.wait([task])
            await context.tell_end()

    def _ended(self, context: SpeechContext, task: asyncio.Task[None]) -> None:
        self._tasks.pop(context, None)
        if self._open.get(context.id) is context:
            del self._open[context.id]
        if task.cancelled() or self._failure.done():
            return
        error = task.exception()
        if error is not None and not isinstance(error, WebSocketDisconnect):
            self._failure.set_exception(error)
