"""Texts that a Live session is to say: in order, one after the other, and never while the user speaks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from stts.conversation.config import ReplyOrder
from stts.conversation.session import ConversationSession
from stts.conversation.state import State
from stts.errors import Conflict

MOST_WAITING = 64
"""Texts."""
SAID = "said"
"""Tag of replies that are a given text."""


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
        """Says the next, if nobody speaks. A session that winds down begins nothing more."""
        if self._core.winding_down:
            self.forget()
        if self._waiting and self._quiet:
            self._core.respond(ReplyOrder(text=self._waiting.popleft(), tag=SAID))

    @property
    def free(self) -> bool:
        """Nobody speaks, nothing waits to be said, and the words of no turn are awaited that is to be replied to."""
        return not self._waiting and self._quiet

    @property
    def _quiet(self) -> bool:
        core = self._core
        return core.active is None and core.state is State.LISTENING and not core.user_speaks and not self._held()

    def forget(self) -> None:
        """Nothing that waits is said."""
        self._waiting.clear()
