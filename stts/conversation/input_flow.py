"""Flow of a session's input: what has come is looked at in order, while there is room for all that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from stts.conversation.inbox import Command, HeardFrames, Inbox
from stts.conversation.session_state import SessionState


class Bounded(Protocol):
    """Something that takes only so much at a time."""

    @property
    def has_room(self) -> bool: ...

    async def room(self) -> None:
        """Waits until it has."""
        ...


class InputFlow:
    """Calls `on_frames` and `on_command` with what the inbox holds, from whoever's callback made it ready; no task
    waits for it. Where one of `bounds()` has no room, the rest waits in the inbox, and so does the client."""

    def __init__(
        self,
        state: SessionState,
        *,
        on_frames: Callable[[HeardFrames], None],
        on_command: Callable[[Command], None],
        on_end: Callable[[], None],
        bounds: Callable[[], Sequence[Bounded]],
    ) -> None:
        """`on_end` is called when all has been looked at and nothing more comes."""
        self.inbox = Inbox(state.services.voice, self._ready)
        self._state = state
        self._on_frames, self._on_command, self._on_end = on_frames, on_command, on_end
        self._bounds = bounds
        self._flowing = False
        """Something is being looked at, or waits for room."""

    def _ready(self) -> None:
        if not self._flowing:
            self._state.run(self._advance)

    def _advance(self) -> None:
        self._flowing = True
        while (heard := self.inbox.take()) is not None:
            if isinstance(heard, str):
                self._on_command(heard)
            else:
                self._on_frames(heard)
            if not self._has_room():
                self._state.start(self._go_on(), "room for input")
                return
        self._flowing = False
        if self.inbox.ended:
            self._on_end()

    def _has_room(self) -> bool:
        return all(each.has_room for each in self._bounds())

    async def _go_on(self) -> None:
        while not self._has_room():
            for each in self._bounds():
                await each.room()
        self._advance()
