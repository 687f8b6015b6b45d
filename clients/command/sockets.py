"""Sockets of the server, for commands that send and receive at the same time."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from clients.caller import Caller
from clients.command.connection import not_a_socket
from clients.command.exit_status import UNREACHED, CommandFailed
from clients.command.output import broken_off

MOST_BYTES = 1 << 24
"""Longest message of the server."""
CLOSE_SECONDS = 2.0
"""Longest wait for the server to say goodbye: it stands behind all audio that nobody wants any more."""


@asynccontextmanager
async def opened(caller: Caller, path: str, query: Mapping[str, str]) -> AsyncIterator[ClientConnection]:
    """A socket of the server that the caller reaches. Raises CommandFailed where it is refused or breaks off."""
    address = f"ws{caller.url.removeprefix('http')}{path}?{urlencode(query)}"
    connecting = connect(
        address, additional_headers=caller.headers, max_size=MOST_BYTES, proxy=None, close_timeout=CLOSE_SECONDS
    )
    try:
        socket = await connecting
    except InvalidStatus as refused:
        raise not_a_socket(refused.response.status_code, refused.response.body, path) from refused
    except (OSError, TimeoutError, InvalidHandshake) as error:
        raise CommandFailed(f"The socket {path} of {caller.url} does not open: {error}", UNREACHED) from error
    try:
        yield socket
    except ConnectionClosed as closed:
        raise broken_off(closed.rcvd.reason if closed.rcvd else "") from closed
    finally:
        await socket.close()


async def tell(socket: ClientConnection, kind: str, **members: Any) -> None:
    await socket.send(json.dumps({"type": kind, **members}))


async def messages(socket: ClientConnection) -> AsyncIterator[bytes | dict[str, Any]]:
    """Audio, and events as they were sent, until the socket closes in order.

    Raises CommandFailed for what ends it otherwise.
    """
    async for message in socket:
        if isinstance(message, bytes):
            yield message
            continue
        event = json.loads(message)
        if event["type"] == "error" and event.get("fatal"):
            raise CommandFailed(event["message"])
        yield event


@asynccontextmanager
async def until_interrupted() -> AsyncIterator[asyncio.Event]:
    """Set by Ctrl-C, which then ends the command in order and not at once."""
    wished, loop = asyncio.Event(), asyncio.get_running_loop()
    # Where a loop takes no signals (Windows, a thread that is not the first) Ctrl-C ends the command at once.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        loop.add_signal_handler(signal.SIGINT, wished.set)
    try:
        yield wished
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGINT)


async def first_of(*waits: asyncio.Task[Any]) -> None:
    """Waits until one of them has ended, cancels the others, and raises what any has raised."""
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        ended = await asyncio.gather(*waits, return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, Exception):
            raise outcome
