"""The language model talks, and the app does what the model delegates to it by an inner function.

What the app appends is context for the model; commentary asks it for a reply.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import replace
from typing import Any

from routers.compat.live.delegation.acknowledgement import Acknowledgement
from routers.compat.live.delegation.app import NOT_RESPONSES
from routers.compat.live.delegation.brain import AppendKind, Stage, UserTurn
from routers.compat.live.delegation.context import joined, remember
from routers.compat.live.delegation.endpoint import ADAPTER, verbatim
from routers.compat.live.delegation.wanted_reply import WantedReply
from routers.compat.live.session_schemas import ClientDelegation, Delegation
from stts.chat import Message, ReplyConfig, Tool
from stts.conversation.config import SessionConfig
from stts.conversation.events import ReplyStarted, SessionEvent, SpeechStarted, ToolCalled
from stts.conversation.history import Item, new_item_id
from stts.errors import InvalidRequest, NotFound
from stts.settings import CurrentSettings

DELEGATE = Tool(
    "delegate",
    "Hands what the user wants to the application, which knows what was said, and tells you later what came of it.",
    {"type": "object", "properties": {}},
)
GUIDE = (
    "An application stands behind you. Whatever needs facts about the user, tools or actions that you do not have is "
    "its work: call the function `delegate`, and say in the same answer in a few words that you see to it. Never make "
    "up what it is to find out. Answer small talk, and what you know for certain, yourself."
)
DELEGATED = "The application works on it, and will tell you. Say nothing of its result until then."
UNKNOWN = "There is no such function."
COMMENTED = "commented"
"""Tag of replies to commentary."""


class TalkingBrain:
    def __init__(self, delegation: ClientDelegation, instructions: str | None, settings: CurrentSettings) -> None:
        self._instructions, self._settings = instructions, settings
        self._stage: Stage
        self._commented: WantedReply
        self._acknowledgement = Acknowledgement(delegation)
        self._delegated_by: int | None = None
        """The latest reply that has delegated: one does so once."""

    @property
    def pending(self) -> bool:
        return self._commented.wanted

    def configured(self, config: SessionConfig) -> SessionConfig:
        instructions = joined(self._instructions or self._settings().reply.system_prompt, GUIDE)
        reply = ReplyConfig(adapter=ADAPTER, instructions=instructions, tools=(DELEGATE,))
        return replace(config, reply=reply, respond=True)

    def begin(self, stage: Stage) -> None:
        self._stage = stage
        self._commented = WantedReply(stage, COMMENTED)

    def turn(self, turn: UserTurn) -> None:
        """The session replies to it."""

    def observe(self, event: SessionEvent) -> None:
        if isinstance(event, SpeechStarted):
            self._commented.user_speaks()
            self._acknowledgement.drop()
        elif isinstance(event, ReplyStarted) and event.tag is None:
            self._commented.user_is_answered()
        elif isinstance(event, ToolCalled):
            self._called(event)

    def go_on(self) -> None:
        reply = self._stage.core.config.reply
        if self._commented.wanted and reply is not None:
            # What the app says is an answer already: it is not delegated back.
            self._commented.go_on(replace(reply, tool_choice="none"))

    async def append(self, kind: AppendKind, content: str, delegation_id: str | None) -> None:
        if kind != "instructions":
            self._acknowledgement.drop()
        if kind == "commentary" and verbatim(self._settings().live):
            self._stage.say(content)
            return
        remember(self._stage.core.history, kind, content)
        if kind == "commentary" and content.strip():
            self._commented.want()
            self.go_on()

    async def command(self, kind: str, item: dict[str, Any] | None) -> None:
        raise InvalidRequest(NOT_RESPONSES.format(kind))

    async def updated(self, delegation: Delegation) -> Delegation:
        self._acknowledgement.follow(delegation)
        return delegation

    def _called(self, event: ToolCalled) -> None:
        """Answers the call at once, under an id of its own: the endpoint's may come again in the next reply."""
        known = event.call.name == DELEGATE.name
        history, call = self._stage.core.history, replace(event.call, call_id=f"call_{secrets.token_hex(12)}")
        call = replace(call, arguments="{}")
        with suppress(NotFound):
            history.replace(event.item, Message("assistant", "", (call,)), "completed")
            output = DELEGATED if known else UNKNOWN
            history.append(Item(new_item_id(), Message("tool", output, call_id=call.call_id)))
        if known and not self._stage.closing and event.generation != self._delegated_by:
            self._delegated_by = event.generation
            self._stage.delegate()
            self._acknowledgement.delegated(self._stage)
