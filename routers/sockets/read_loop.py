"""The read loop of a socket: messages in, one error event for each that is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel

from routers.sockets.messages import Messages
from routers.sockets.socket import Socket
from stts.errors import InvalidRequest, STTSError

M = TypeVar("M", bound=BaseModel)


async def read_messages(
    socket: Socket,
    messages: Messages[M],
    on_message: Callable[[M], Awaitable[bool | None]],
    on_audio: Callable[[bytes], Awaitable[None]] | None = None,
    hear_now: Callable[[bytes], bool] | None = None,
) -> None:
    """Reads until the client leaves or `on_message` returns False. An STTSError is told, and the connection goes on.

    Binary messages go to `on_audio`; without it they are refused. `hear_now` may take one that nothing waits before,
    in the moment in which it was read; False: it goes to `on_audio`.
    """
    if hear_now is not None:
        socket.incoming.hear_now = lambda message: isinstance(message, bytes) and hear_now(message)
    async for message in socket:
        try:
            if isinstance(message, str):
                if await on_message(messages.parse(message)) is False:
                    return
            elif on_audio is not None:
                await on_audio(message)
            else:
                raise InvalidRequest("Text comes in JSON messages, not in binary ones.")
        except STTSError as error:
            await socket.error(error)
