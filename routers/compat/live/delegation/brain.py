"""The seam between a Live session and whoever does the work in it: the app, a language model, or both."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from routers.compat.live.session_schemas import Delegation
from stts.conversation.config import SessionConfig
from stts.conversation.events import SessionEvent
from stts.conversation.services import SessionServices
from stts.conversation.session import ConversationSession
from stts.settings import CurrentSettings

AppendKind = Literal["instructions", "thinking", "commentary"]


@dataclass(frozen=True, slots=True)
class UserTurn:
    """A turn of the user that had words; all fragments of it are told."""

    words: str
    item: str
    """Id of the history's item that it is."""


class Stage(Protocol):
    """The parts and acts that a session lends to its brain."""

    @property
    def core(self) -> ConversationSession:
        """Listens, replies and speaks; its history is that of the session."""
        ...

    @property
    def services(self) -> SessionServices: ...

    @property
    def settings(self) -> CurrentSettings: ...

    @property
    def closing(self) -> bool:
        """The session is about to end: nothing is to begin."""
        ...

    @property
    def free(self) -> bool:
        """Nobody speaks, nothing waits to be said, and no turn of the user is about to be replied to."""
        ...

    def delegate(self, *, response_id: str | None = None, id: str | None = None) -> str:
        """Tells `session.delegation.created`, with the target of the session's delegation. Returns its id."""
        ...

    def tell(self, event: dict[str, Any]) -> None:
        """Sends an event of the dialect to all clients, in order. It gets its `event_id`."""
        ...

    def say(self, text: str) -> None:
        """Speaks a text as it stands, behind what waits to be said, once nobody speaks. Raises Conflict for too much.

        An interruption by the user drops what waits.
        """
        ...

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Starts a task that ends with the session. An STTSError of it is told as an event."""
        ...


class Brain(Protocol):
    """One for each session, on its event loop. Made before the session, and told of its stage when that begins."""

    @property
    def pending(self) -> bool:
        """Something was delegated here and is not done: a session that closes waits for it, for a while."""
        ...

    def configured(self, config: SessionConfig) -> SessionConfig:
        """The configuration of the session, as far as it is about replies."""
        ...

    def begin(self, stage: Stage) -> None:
        """The session has started."""
        ...

    def turn(self, turn: UserTurn) -> None:
        """The user has said something."""
        ...

    def observe(self, event: SessionEvent) -> None:
        """Takes each event of the session, in order, after its clients were told what they are told of it."""
        ...

    def go_on(self) -> None:
        """Begins what waits for silence, if the stage is free; called often."""
        ...

    async def append(self, kind: AppendKind, content: str, delegation_id: str | None) -> None:
        """Takes context from the app. Raises for a delegation that it is not for, before the append is acknowledged."""
        ...

    async def command(self, kind: str, item: dict[str, Any] | None) -> None:
        """Takes `response.item.create` or `response.create`. Raises InvalidRequest where they are not for it."""
        ...

    async def updated(self, delegation: Delegation) -> Delegation:
        """Takes other settings of the delegation, of the same type, merged. Returns those that hold; raises."""
        ...
