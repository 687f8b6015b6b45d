"""Rights of the page on the data channel of a call: which commands it may send, and which events it is told.

An application sets them when it opens the call for its page; connections that attach are its own, and have all rights.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from routers.compat.live.shape import Shape
from routers.http.names import NAME_CHARACTERS

MOST_TYPES = 128
RESPONSE_EVENT = "response.event"
"""Events that carry another one, whose type is a matter of its own."""

TypeName = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)]


class ServerEventSelector(Shape):
    type: TypeName
    response_event: TypeName | None = None

    @model_validator(mode="after")
    def _fits(self) -> ServerEventSelector:
        if (self.type == RESPONSE_EVENT) != (self.response_event is not None):
            raise ValueError(f"`response_event` belongs to the type {RESPONSE_EVENT}, which needs it.")
        return self


class DataChannel(Shape):
    """None and `all` permit everything, an empty list nothing."""

    allowed_client_events: Literal["all"] | Annotated[list[TypeName], Field(max_length=MOST_TYPES)] | None = None
    allowed_server_events: (
        Literal["all"] | Annotated[list[ServerEventSelector], Field(max_length=MOST_TYPES)] | None
    ) = None

    @property
    def restricted(self) -> bool:
        return isinstance(self.allowed_client_events, list) or isinstance(self.allowed_server_events, list)

    def may_send(self, command: dict[str, Any]) -> bool:
        allowed = self.allowed_client_events
        return not isinstance(allowed, list) or command.get("type") in allowed

    def may_hear(self, event: dict[str, Any]) -> bool:
        allowed = self.allowed_server_events
        if not isinstance(allowed, list):
            return True
        kind = event.get("type")
        inner = event["event"].get("type") if kind == RESPONSE_EVENT else None
        return any((each.type, each.response_event) == (kind, inner) for each in allowed)

    def notice(self) -> dict[str, Any]:
        """The event that tells a page of its rights."""
        commands, events = self.allowed_client_events, self.allowed_server_events
        may = [
            f"It may send {', '.join(commands) or 'nothing'}." if isinstance(commands, list) else "It may send all.",
            f"It is told {', '.join(each.response_event or each.type for each in events) or 'nothing'}."
            if isinstance(events, list)
            else "It is told all.",
        ]
        return {"type": "info", "code": "data_channel_permissions", "message": " ".join(may)}


class Client(Shape):
    data_channel: DataChannel


class WakePolicy(Shape):
    type: Literal["speech"]
    vad_threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
