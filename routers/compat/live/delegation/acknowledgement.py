"""A short word to the user while the app works on what was delegated to it, where the app wants one."""

from __future__ import annotations

import asyncio

from routers.compat.live.delegation.brain import Stage
from routers.compat.live.session_schemas import Delegation


class Acknowledgement:
    """One waits at a time: for the newest delegation, until the app says something, or the time is up."""

    def __init__(self, delegation: Delegation, *, patient: bool = False) -> None:
        """`patient`: where somebody speaks when the time is up, it is said afterwards, unless it is dropped."""
        self._delegation, self._patient = delegation, patient
        self._waiting: asyncio.Event | None = None
        """Set when the word is not wanted any more."""
        self._due: str | None = None
        """Its time is up, and it is said as soon as nobody speaks."""

    def follow(self, delegation: Delegation) -> None:
        """Other settings, from the next delegation on."""
        self._delegation = delegation

    def delegated(self, stage: Stage) -> None:
        self.drop()
        delay, text = self._delegation.acknowledgement_delay_ms or 0, stage.settings().live.acknowledgement
        if delay and text:
            self._waiting = asyncio.Event()
            stage.start(self._say(stage, text, delay / 1000, self._waiting), "acknowledgement")

    def drop(self) -> None:
        """The app has said something, or the user: no word is wanted."""
        if self._waiting is not None:
            self._waiting.set()
            self._waiting = None
        self._due = None

    def go_on(self, stage: Stage) -> None:
        """Says what is due, if nobody speaks."""
        if self._due is not None and stage.free and not stage.closing:
            text, self._due = self._due, None
            stage.say(text)

    async def _say(self, stage: Stage, text: str, delay: float, dropped: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(delay):
                await dropped.wait()
        except TimeoutError:
            self._due = text
            self.go_on(stage)
            if not self._patient:
                self._due = None
