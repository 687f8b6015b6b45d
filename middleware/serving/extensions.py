"""Extensions that this server adds to the scope of a request, by their names there."""

from __future__ import annotations

from typing import Protocol

CUT = "stts.cut"
"""Ends the connection in the middle of an answer, so that it cannot pass for a whole one."""
WHOLE = "stts.whole"
"""The WholeExchange of a request."""
SLOW_BODY = "stts.slow_body"
"""Called when a body comes too slowly, to be told of in the log with all others."""


class WholeExchange(Protocol):
    """A request that was read to its end, and its answer, in one step each."""

    @property
    def body(self) -> bytes | None:
        """The body; it stays there for whoever reads it. None where more of it is to come."""
        ...

    async def rest(self) -> None:
        """Waits a moment for a body that comes right behind its head."""
        ...

    def answer(self, head: bytes, body: bytes) -> bool:
        """Sends a whole answer with the status 200; `head`: its headers, as lines. False where it has to be sent by
        messages: then nothing was sent."""
        ...
