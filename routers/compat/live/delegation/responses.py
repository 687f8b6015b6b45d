"""The configured chat endpoint is the brain: each turn of the user is a response of it, which the app follows.

What it writes is spoken at once. The functions that it calls are the app's, which gives their outputs and asks for the
next response.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from routers.compat.live.delegation.acknowledgement import Acknowledgement
from routers.compat.live.delegation.brain import AppendKind, Stage, UserTurn
from routers.compat.live.delegation.context import remember
from routers.compat.live.delegation.endpoint import responses_reply, verbatim
from routers.compat.live.delegation.function_calls import FunctionCalls
from routers.compat.live.delegation.items import read_item
from routers.compat.live.delegation.response_events import ResponseEvents, new_response_id
from routers.compat.live.delegation.wanted_reply import WantedReply
from routers.compat.live.session_schemas import Delegation, ResponsesDelegation
from routers.compat.live.speaking import SAID
from stts.chat import Message, ToolCall
from stts.conversation.config import SessionConfig
from stts.conversation.events import (
    ReplyDelta,
    ReplyEnded,
    ReplyStarted,
    ReplyWritten,
    SessionEvent,
    SpeechStarted,
    ToolCalled,
)
from stts.conversation.history import Item, new_item_id
from stts.errors import Conflict, InvalidParameter, NotFound
from stts.settings import CurrentSettings

CONTINUED, TOLD = "continued", "told"
"""Tags of replies: the app has asked for a response, or has given commentary."""
UNREADABLE = "The language model has called a function with arguments that are no JSON object."


@dataclass(slots=True)
class _Response:
    """A response that is being written or spoken."""

    events: ResponseEvents
    delegation: str | None
    unreadable: bool = False
    """It calls a function with arguments that nobody can read."""


class ResponsesBrain:
    def __init__(
        self,
        delegation: ResponsesDelegation,
        instructions: str | None,
        settings: CurrentSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` gives Unix time."""
        self._delegation, self._instructions, self._settings, self._clock = delegation, instructions, settings, clock
        self._stage: Stage
        self._continued: WantedReply
        self._told: WantedReply
        self._calls = FunctionCalls()
        self._acknowledgement = Acknowledgement(delegation, patient=True)
        self._running: dict[int, _Response] = {}
        """By the generations of their replies."""
        self._latest: int | None = None
        self._origin: str | None = None
        """Id of the delegation whose calls were answered, which the next response that the app asks for belongs to."""
        self._table: dict[type, Callable[[Any], None]] = {
            SpeechStarted: self._user_speaks,
            ReplyStarted: self._started,
            ReplyDelta: self._written,
            ToolCalled: self._called,
            ReplyWritten: self._complete,
            ReplyEnded: self._ended,
        }

    @property
    def pending(self) -> bool:
        return bool(self._running) or self._continued.wanted or self._told.wanted

    def configured(self, config: SessionConfig) -> SessionConfig:
        return self._configured(config, self._delegation)

    def _configured(self, config: SessionConfig, delegation: ResponsesDelegation) -> SessionConfig:
        reply = responses_reply(delegation.responses, self._instructions, self._settings())
        return replace(config, reply=reply, respond=True, tell_written=True)

    def begin(self, stage: Stage) -> None:
        self._stage = stage
        self._continued, self._told = WantedReply(stage, CONTINUED), WantedReply(stage, TOLD)

    def turn(self, turn: UserTurn) -> None:
        """The session replies to it, and that reply is what is delegated."""

    def observe(self, event: SessionEvent) -> None:
        if (take := self._table.get(type(event))) is not None:
            take(event)

    def go_on(self) -> None:
        self._continued.go_on()
        self._told.go_on()
        self._acknowledgement.go_on(self._stage)

    async def append(self, kind: AppendKind, content: str, delegation_id: str | None) -> None:
        if delegation_id is not None:
            raise InvalidParameter(
                "Only delegations of type `client` are answered by their id: send null.", param="delegation_id"
            )
        if kind != "instructions":
            self._acknowledgement.drop()
        if kind == "commentary" and verbatim(self._settings().live):
            self._stage.say(content)
            return
        remember(self._stage.core.history, kind, content)
        if kind == "commentary" and content.strip():
            self._told.want()
            self.go_on()

    async def command(self, kind: str, item: dict[str, Any] | None) -> None:
        if kind == "response.item.create":
            self._add(read_item(item))
            return
        if self._continued.wanted:
            raise Conflict("A response is wanted already, and has not begun.")
        self._calls.check_complete(self._latest)
        self._acknowledgement.drop()
        self._continued.want()
        self.go_on()

    async def updated(self, delegation: Delegation) -> Delegation:
        assert isinstance(delegation, ResponsesDelegation)
        await self._stage.core.configure(self._configured(self._stage.core.config, delegation))
        self._delegation = delegation
        self._acknowledgement.follow(delegation)
        return delegation

    def _add(self, message: Message) -> None:
        if message.call_id is not None:
            self._origin = self._calls.answer(message.call_id)
        self._stage.core.history.append(Item(new_item_id(), message))

    def _user_speaks(self, event: SpeechStarted) -> None:
        self._told.user_speaks()
        self._acknowledgement.drop()

    def _started(self, event: ReplyStarted) -> None:
        if event.out_of_band or event.tag == SAID:
            return
        id, delegation = new_response_id(), None
        if event.tag is None:
            self._told.user_is_answered()
            delegation = self._stage.delegate(response_id=id)
            self._acknowledgement.delegated(self._stage)
        elif event.tag == CONTINUED:
            delegation, self._origin = self._origin, None
        model = self._delegation.responses.model
        events = ResponseEvents(partial(self._tell, delegation), id, model, int(self._clock()))
        self._running[event.generation] = _Response(events, delegation)
        self._latest = event.generation
        events.begin()

    def _tell(self, delegation: str | None, event: dict[str, Any]) -> None:
        self._stage.tell({"type": "response.event", "delegation_id": delegation, "event": event})

    def _written(self, event: ReplyDelta) -> None:
        if (response := self._running.get(event.generation)) is not None:
            self._acknowledgement.drop()
            response.events.text(event.text)

    def _called(self, event: ToolCalled) -> None:
        response = self._running.get(event.generation)
        if response is None or response.events.over:
            return
        call = replace(event.call, call_id=self._calls.fresh_id(event.call.call_id))
        if call != event.call:
            with suppress(NotFound):
                self._stage.core.history.replace(event.item, Message("assistant", "", (call,)), "completed")
        self._calls.add(call.call_id, event.generation, event.item, response.delegation)
        sound = _readable(call)
        response.unreadable |= not sound
        response.events.call(call, sound=sound)

    def _complete(self, event: ReplyWritten) -> None:
        response = self._running.get(event.generation)
        if response is None:
            return
        if response.unreadable:
            response.events.fail(UNREADABLE)
        elif event.cut:
            response.events.cut("max_output_tokens")
        else:
            response.events.complete(event.input_tokens, event.output_tokens)
            return
        self._void(event.generation)

    def _ended(self, event: ReplyEnded) -> None:
        """Responses whose text is complete are told of already; the calls of the others are void."""
        response = self._running.pop(event.generation, None)
        if response is None or response.events.over:
            return
        self._void(event.generation)
        if event.error is not None:
            response.events.fail(event.error.message)
        else:
            response.events.cut()

    def _void(self, generation: int) -> None:
        for item in self._calls.void(generation):
            with suppress(NotFound):
                self._stage.core.history.delete(item)


def _readable(call: ToolCall) -> bool:
    try:
        return isinstance(json.loads(call.arguments), dict)
    except (ValueError, RecursionError):
        return False
