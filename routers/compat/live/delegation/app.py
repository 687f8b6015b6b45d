"""The app is the brain: each turn of the user is delegated to it, and its commentary is spoken as it stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from routers.compat.live.delegation.acknowledgement import Acknowledgement
from routers.compat.live.delegation.brain import AppendKind, Stage, UserTurn
from routers.compat.live.session_schemas import ClientDelegation, Delegation
from stts.chat import Message
from stts.conversation.config import SessionConfig
from stts.conversation.events import SessionEvent, SpeechStarted
from stts.conversation.history import Item, new_item_id
from stts.errors import InvalidRequest

NOT_RESPONSES = "`{}` is for sessions whose delegation is of type `responses`."


class AppBrain:
    """No language model is asked. Nobody knows when the app is done with what was delegated to it."""

    pending = False

    def __init__(self, delegation: ClientDelegation) -> None:
        self._stage: Stage | None = None
        self._acknowledgement = Acknowledgement(delegation)

    def configured(self, config: SessionConfig) -> SessionConfig:
        return replace(config, respond=False, early_words=True)

    def begin(self, stage: Stage) -> None:
        self._stage = stage

    def turn(self, turn: UserTurn) -> None:
        if self._stage is not None:
            self._stage.delegate()
            self._acknowledgement.delegated(self._stage)

    def observe(self, event: SessionEvent) -> None:
        if isinstance(event, SpeechStarted):
            self._acknowledgement.drop()

    def go_on(self) -> None:
        """Nothing waits here: what is to be said waits on the stage."""

    async def append(self, kind: AppendKind, content: str, delegation_id: str | None) -> None:
        stage = self._stage
        if stage is None:
            return
        if kind != "instructions":
            self._acknowledgement.drop()
        if kind == "commentary":
            stage.say(content)
        else:
            stage.core.history.append(Item(new_item_id(), Message("system", content)))

    async def command(self, kind: str, item: dict[str, Any] | None) -> None:
        raise InvalidRequest(NOT_RESPONSES.format(kind))

    async def updated(self, delegation: Delegation) -> Delegation:
        self._acknowledgement.follow(delegation)
        return delegation
