"""Extensions that this server adds to the scope of a request, by their names there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from starlette.types import Message

CUT = "stts.cut"
"""Ends the connection in the middle of an answer, so that it cannot pass for a whole one."""
WHOLE = "stts.whole"
"""The WholeExchange of a request."""
SLOW_BODY = "stts.slow_body"
"""Called when a body comes too slowly, to be told of in the log with all others."""
LEFT = "stts.left"
"""A future that is done when the client has said goodbye or the connection is lost, with the close code of a socket,
if any. All requests of a connection have the same.

`receive()` tells only who calls it."""
DIRECT = "stts.direct"
"""The DirectMessages of a socket."""


class WholeExchange(Protocol):
    """A request that was read to its end, and its answer, in one step each."""

    @property
    def body(self) -> bytes | None:
        """The body; it stays there for whoever reads it. None where more of it is to come."""
        ...

    async def rest(self) -> None:
        """Waits a moment for a body that comes right behind its head."""
        ...

    def answer(self, head: bytes, body: bytes, status: int = 200) -> bool:
        """Sends a whole answer; `head`: its headers, as lines. False where it has to be sent by messages: then nothing
        was sent."""
        ...


class DirectMessages(Protocol):
    """The messages of an accepted socket past ASGI, whose queue, tasks and wrappers cost several times what is done
    with most of them."""

    def hand_to(self, take: Callable[[str | bytes], bool]) -> None:
        """Calls `take` for each message from now on, in the moment in which it is read, and for those that were read
        before; `receive` gives none any more. False: it was taken, but the next is to wait for `take_more`."""
        ...

    def take_more(self) -> None: ...

    def give_back(self, message: Message) -> None:
        """Has a message that `receive` has given be the next once more, for whoever takes them from now on."""
        ...

    @property
    def sends_now(self) -> bool:
        """`send_now` would send."""
        ...

    def send_now(self, message: str | bytes) -> bool:
        """False: it has to be sent by ASGI, which waits for the transport or says what is wrong."""
        ...
