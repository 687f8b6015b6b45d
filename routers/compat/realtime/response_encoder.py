"""Encodes the events of replies as those of Realtime responses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from routers.compat.realtime.items import Items
from routers.compat.realtime.response import Event, Order, Response
from routers.compat.realtime.usage import response_usage
from stts.conversation.config import ReplyOrder
from stts.conversation.events import (
    AudioFrame,
    Interrupted,
    ReplyDelta,
    ReplyEnded,
    ReplyStarted,
    ReplyWarned,
    SessionEvent,
    ToolCalled,
)
from stts.conversation.history import new_item_id

RateLimits = Callable[[], list[Event]]
"""Tells what is left to the caller; nothing where it has no limits."""


class ResponseEncoder:
    """The responses of one connection that are not over, and the orders of those to come."""

    def __init__(self, items: Items, conversation: str, stored_seconds: float, rate_limits: RateLimits = list) -> None:
        """`conversation`: its id. `stored_seconds`: audio of a response that can be asked for later."""
        self.order = Order()
        """Order of responses that nobody asked for."""
        self.orders: dict[str, Order] = {}
        """Orders of responses that were asked for, by their tag."""
        self.has_spoken = False
        """True if audio of a response was sent."""
        self.turn_seconds = 0.0
        """Seconds of the user's newest turn."""
        self._items = items
        self._rate_limits = rate_limits
        self._conversation, self._stored_seconds = conversation, stored_seconds
        self._responses: dict[int, Response] = {}

    def to_messages(self, event: SessionEvent) -> Iterator[Event]:
        """Gives the server events of one session event; none for an event that concerns no response."""
        translate = self._TABLE.get(type(event))
        return translate(self, event) if translate is not None else iter(())

    @property
    def active(self) -> str | None:
        """Id of the response that is part of the conversation and not over."""
        return next((each.id for each in self._responses.values() if not each.started.out_of_band), None)

    def heard_id(self, generation: int) -> str | None:
        """Id of a response that is part of the conversation and not over, for whoever plays it."""
        response = self._responses.get(generation)
        return None if response is None or response.started.out_of_band else response.id

    def generation(self, response_id: str) -> int | None:
        """Returns the generation of a response that is not over; None: there is none."""
        return next((number for number, each in self._responses.items() if each.id == response_id), None)

    def unbegun(self, order: ReplyOrder) -> Iterator[Event]:
        """A response that was asked for and cancelled before it could begin."""
        started = ReplyStarted(0, 0, new_item_id(), not order.silent, order.out_of_band, order.tag)
        ended = ReplyEnded(0, 0, started.item, "cancelled", "", "", 0.0)
        response = Response(started, self.orders.pop(order.tag or "", self.order), self._conversation, self._items)
        yield from response.begin()
        yield from response.end(ended, response_usage(ended, 0, 0.0))
        yield self._limits_updated()

    def _limits_updated(self) -> Event:
        """The event that clients wait for, with limits or none."""
        return {"type": "rate_limits.updated", "rate_limits": self._rate_limits()}

    def _reply_started(self, event: ReplyStarted) -> Iterator[Event]:
        order = self.orders.pop(event.tag, self.order) if event.tag is not None else self.order
        response = Response(event, order, self._conversation, self._items)
        messages = self._items.history.messages() if order.given is None else order.given
        response.given = sum(len(message.text) for message in messages)
        self._responses[event.generation] = response
        yield from response.begin()

    def _reply_delta(self, event: ReplyDelta) -> Iterator[Event]:
        if response := self._responses.get(event.generation):
            yield from response.write(event.text)

    def _reply_warned(self, event: ReplyWarned) -> Iterator[Event]:
        if response := self._responses.get(event.generation):
            response.warnings.append(event.message)
        yield from ()

    def _tool_called(self, event: ToolCalled) -> Iterator[Event]:
        if response := self._responses.get(event.generation):
            yield from response.call(event.item, event.call)

    def _audio(self, event: AudioFrame) -> Iterator[Event]:
        if response := self._responses.get(event.generation):
            self.has_spoken |= not response.started.out_of_band
            yield from response.play(event.data, event.seconds, self._stored_seconds)

    def _interrupted(self, event: Interrupted) -> Iterator[Event]:
        if response := self._responses.get(event.generation):
            response.heard = event.heard
        yield from ()

    def _reply_ended(self, event: ReplyEnded) -> Iterator[Event]:
        response = self._responses.pop(event.generation, None)
        if response is None:
            return
        heard = self.turn_seconds if response.order.given is None else 0.0
        yield from response.end(event, response_usage(event, response.given, heard))
        yield self._limits_updated()

    _TABLE: ClassVar[dict[type, Callable[[Any, Any], Iterator[Event]]]] = {
        Interrupted: _interrupted,
        ReplyStarted: _reply_started,
        ReplyDelta: _reply_delta,
        ReplyWarned: _reply_warned,
        ToolCalled: _tool_called,
        AudioFrame: _audio,
        ReplyEnded: _reply_ended,
    }
    """Type of a session event -> its translation."""
