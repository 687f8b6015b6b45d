"""Texts that a Live session is to say: in order, one after the other, and never while the user speaks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from stts.conversation.config import ReplyOrder
from stts.conversation.session import ConversationSession
from stts.errors import Conflict

MOST_WAITING = 64
"""Texts."""


class Speaking:
    def __init__(self, core: ConversationSession, held: Callable[[], bool]) -> None:
        """`held`: something else is played, which is not to be spoken over."""
        self._core, self._held = core, held
        self._waiting: deque[str] = deque()

    @property
    def idle(self) -> bool:
        return not self._waiting and self._core.active is None

    def say(self, text: str) -> None:
        """Raises Conflict for too much."""
        if len(self._waiting) >= MOST_WAITING:
            raise Conflict(f"{MOST_WAITING} texts wait to be said: send the next when these were spoken.")
        if text.strip():
            self._waiting.append(text)
            self.go_on()

    def go_on(self) -> None:
        """Says the next, if nobody speaks."""
        core = self._core
        if self._waiting and core.active is None and not core.user_speaks and not self._held():
            core.respond(ReplyOrder(text=self._waiting.popleft()))

    def forget(self) -> None:
        """Nothing that waits is said."""
        self._waiting.clear()
