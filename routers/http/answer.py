"""ASGI answers that are made while the client waits, and stop being made when it leaves.

A handler that waits in a queue is not told that its client has gone; only `receive()` tells. So every answer that takes
time races `receive()` from the start. The first item of a stream is pulled before the status is sent: what fails until
then is still a proper error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TypeVar

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from middleware.serving.extensions import LEFT, WHOLE, WholeExchange
from stts.errors import STTSError

HEARTBEAT_SECONDS = 10.0
"""Silence on an event stream after which a comment is sent, so that proxies and clients keep the connection."""

HEARTBEAT = ": still here\n\n"

Result = TypeVar("Result")

Headers = Callable[[], Mapping[str, str]]
"""Called when the first item is there: headers are made from what the operation has found out by then."""


class Answer(Response):
    """Calls `respond(send)` until it is done or the client leaves, whichever is first."""

    def __init__(self, respond: Callable[[Send], Awaitable[None]]) -> None:
        super().__init__()
        self.respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await while_there(receive, self.respond(send), told_of_leaving(scope))


def told_of_leaving(scope: Scope) -> asyncio.Future[None] | None:
    """The server's own word that the client of a request has gone, where all of its body is here; None: there is none.

    Whoever waits for `receive` needs a task for that, which takes longer than most of what is around a short answer.
    """
    extensions = scope.get("extensions") or {}
    exchange: WholeExchange | None = extensions.get(WHOLE)
    return extensions.get(LEFT) if exchange is not None and exchange.body is not None else None


async def while_there(
    receive: Receive, making: Awaitable[Result], gone: asyncio.Future[None] | None = None
) -> Result | None:
    """Gives the result; None where the client leaves before, which ends the making. The body must have been read.

    `gone`: done when it leaves; None: `receive` tells.
    """
    task = asyncio.current_task()
    assert task is not None
    left = gone or asyncio.ensure_future(_until_left(receive))
    is_ended = False

    def end(_: object) -> None:
        nonlocal is_ended
        is_ended = True
        task.cancel()

    left.add_done_callback(end)
    try:
        return await making
    except asyncio.CancelledError:
        # As `asyncio.timeout` does it: somebody else may have cancelled the task as well.
        if not is_ended or task.uncancel() > 0:
            raise
        # What a body that nobody reads has to say (too long, or never coming) is said by `receive()`.
        left.result()
        return None
    finally:
        left.remove_done_callback(end)
        if gone is None:
            left.cancel()
            await asyncio.wait((left,))


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def stream_answer(chunks: AsyncGenerator[bytes, None], headers: Headers) -> Answer:
    """Sends chunks as they come. The headers must hold the content type.

    Players are told that they cannot seek, unless the headers say otherwise: some ask for a part and wait for it.
    """

    async def respond(send: Send) -> None:
        async with aclosing(chunks):
            first = await anext(chunks, b"")
            await send(_start({"accept-ranges": "none", **headers()}))
            await send(_body(first, more=True))
            async for chunk in chunks:
                await send(_body(chunk, more=True))
        await send(_body(b"", more=False))

    return Answer(respond)


async def send_whole(send: Send, headers: Mapping[str, str], data: bytes) -> None:
    """Sends all at once. The headers must hold the length."""
    await send(_start(headers))
    await send(_body(data, more=False))


async def send_sized(send: Send, chunks: AsyncGenerator[bytes, None], headers: Mapping[str, str], size: int) -> None:
    """Sends chunks of so many bytes together: the last one ends the answer, which saves a message."""
    await send(_start(headers))
    sent = 0
    async with aclosing(chunks):
        async for chunk in chunks:
            sent += len(chunk)
            await send(_body(chunk, more=sent < size))
    if not sent:
        await send(_body(b"", more=False))


def collected_answer(make: Callable[[], Awaitable[Response]], scope: Scope, receive: Receive) -> Answer:
    """Makes a whole response, then sends it."""

    async def respond(send: Send) -> None:
        response = await make()
        await response(scope, receive, send)

    return Answer(respond)


def event_answer(events: AsyncGenerator[str, None], headers: Headers, on_error: Callable[[STTSError], str]) -> Answer:
    """Sends server-sent events, already framed, with heart-beats in between.

    An error before the first event is an answer with its own status; once the stream has begun, it is the last event.
    """

    async def respond(send: Send) -> None:
        begun = False
        try:
            async with aclosing(with_heartbeats(events, HEARTBEAT_SECONDS)) as lively:
                async for event in lively:
                    if not begun:
                        begun = True
                        await send(_start({"content-type": "text/event-stream", **headers()}))
                    await send(_body(event.encode(), more=True))
        except STTSError as error:
            if not begun:
                raise
            await send(_body(on_error(error).encode(), more=True))
        await send(_body(b"", more=False))

    return Answer(respond)


async def with_heartbeats(events: AsyncGenerator[str, None], seconds: float) -> AsyncGenerator[str, None]:
    """The events, and a comment for each so many seconds without one. Closes the events when it is closed."""
    async with aclosing(events):
        pending = asyncio.ensure_future(anext(events, None))
        try:
            while True:
                await asyncio.wait((pending,), timeout=seconds)
                if not pending.done():
                    yield HEARTBEAT
                    continue
                event = pending.result()
                if event is None:
                    return
                yield event
                pending = asyncio.ensure_future(anext(events, None))
        finally:
            pending.cancel()
            await asyncio.wait((pending,))


def _start(headers: Mapping[str, str]) -> Message:
    """An answer that is made for one client at one time is not to be kept by anybody, unless the headers say more."""
    all_headers = {"cache-control": "no-store", **headers}
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in all_headers.items()]
    return {"type": "http.response.start", "status": 200, "headers": raw}


def _body(data: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}
