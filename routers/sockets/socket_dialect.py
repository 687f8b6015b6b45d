"""The side of a dialect that its sockets need: how they word errors, say goodbye, and answer subprotocols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from middleware.edge.boundary import close_code
from middleware.edge.credentials import KEY_PROTOCOL
from routers.sockets.error_events import ErrorEvent, native_error
from stts.errors import ShuttingDown, STTSError

SERVICE_RESTART = 1012
"""WebSocket close code."""


class Goodbye(NamedTuple):
    """A close frame."""

    code: int
    reason: str = ""
    """At most 123 bytes of UTF-8."""


def plain_goodbye(error: STTSError) -> Goodbye:
    return Goodbye(SERVICE_RESTART if isinstance(error, ShuttingDown) else close_code(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketDialect:
    error_event: ErrorEvent = native_error
    protocols: tuple[str, ...] = ("realtime",)
    """Subprotocols, of which the first that is offered is answered."""
    answers_keys: bool = False
    """A key that is offered alone is answered: browsers give up a socket none of whose subprotocols is."""
    goodbye: Callable[[STTSError], Goodbye] = plain_goodbye
    """Makes the close frame of a session that ends with this error."""
    farewell: Callable[[STTSError, str], Sequence[dict[str, Any]]] | None = None
    """Makes the last events of a session that ends with an error, by that and the request id; None: the error alone."""

    def answered(self, offered: Sequence[str]) -> str | None:
        """The subprotocol that is answered; never one that was not offered."""
        known = next((each for each in self.protocols if each in offered), None)
        alone = self.answers_keys and len(offered) == 1 and offered[0].startswith(KEY_PROTOCOL)
        return known or (offered[0] if alone else None)

    def last_events(self, error: STTSError, request_id: str) -> Sequence[dict[str, Any]]:
        if self.farewell is not None:
            return self.farewell(error, request_id)
        return [self.error_event(error, request_id, True)]


NATIVE = SocketDialect()
