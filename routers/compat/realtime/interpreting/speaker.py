"""Says the translations of a session one after the other, each as soon as the one before was made."""

from __future__ import annotations

import asyncio
from collections import deque

from routers.compat.realtime.interpreting.interpreter import Interpretation
from stts.conversation.session import ConversationSession

MOST_WAITING = 16
"""Turns that wait to be translated; then nothing more is heard until one has begun."""


class Speaker:
    def __init__(self, session: ConversationSession, interpretation: Interpretation) -> None:
        self._session = session
        self._interpretation = interpretation
        self._waiting: deque[str] = deque()
        self._room = asyncio.Event()
        self._room.set()
        self._active: int | None = None
        self._said = False
        """Something was said before: a space goes between that and what follows."""
        self._begun = False

    @property
    def idle(self) -> bool:
        return self._active is None and not self._waiting

    def use(self, interpretation: Interpretation) -> None:
        """For what begins from now on."""
        self._interpretation = interpretation

    async def room(self) -> None:
        """Waits while too much waits to be said."""
        await self._room.wait()

    def say(self, text: str) -> None:
        if text.strip():
            self._waiting.append(text.strip())
        self._go_on()

    def text(self, delta: str) -> str:
        """The delta as it follows what was told before: clients add no spaces."""
        if self._begun:
            return delta
        delta = delta.lstrip()
        self._begun = bool(delta)
        spaced = f" {delta}" if delta and self._said else delta
        self._said |= bool(delta)
        return spaced

    def ended(self, generation: int) -> None:
        if generation == self._active:
            self._active = None
        self._go_on()

    def forget(self) -> None:
        """Nothing that waits is said."""
        self._waiting.clear()
        self._room.set()

    def _go_on(self) -> None:
        if self._active is None and self._waiting:
            self._begun = False
            self._active = self._session.respond(self._interpretation.order(self._waiting.popleft()))
        if len(self._waiting) < MOST_WAITING:
            self._room.set()
        else:
            self._room.clear()
