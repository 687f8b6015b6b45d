"""The line of a guild: texts that wait for its voice channel, spoken in turn, and the next one made meanwhile."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from clients.chat.outcome import outcome
from clients.discord.choices import PersonChoices
from clients.discord.frames import Frames
from clients.discord.platform import Person

Refusal = Literal["full", "share"]
"""There is no room in the guild's line, or none for this person."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text that is to be spoken."""

    person: Person
    text: str
    choices: PersonChoices
    language: str
    """The language in which its person is told what went wrong."""
    channel: int
    """The text channel in which that is told."""
    message: int | None = None
    """The message that it stood in, which the answer replies to."""
    told: Callable[[bool], None] | None = field(default=None, compare=False)
    """Takes at the end whether all of it was spoken."""

    def over(self, *, whole: bool) -> None:
        if self.told is not None:
            self.told(whole)


class Maker(Protocol):
    def make(self, utterance: Utterance, frames: Frames) -> Coroutine[Any, Any, None]:
        """Fills frames with a text."""

    async def failed(self, utterance: Utterance, error: BaseException) -> None:
        """Tells of a fault."""


@dataclass(slots=True)
class _Ahead:
    """A text whose audio comes or has come."""

    utterance: Utterance
    frames: Frames = field(default_factory=Frames)
    making: asyncio.Task[None] | None = None


class Line:
    """Speaks texts in their order. What is started here ends with `close`.

    `speak`: plays frames to their end, and tells whether it could; `lost` is told what then cannot be spoken.
    """

    def __init__(
        self,
        maker: Maker,
        speak: Callable[[Frames], Coroutine[Any, Any, bool]],
        lost: Callable[[list[Utterance]], Coroutine[Any, Any, None]],
        *,
        waiting: int,
        each: int,
    ) -> None:
        self._maker, self._speak, self._lost = maker, speak, lost
        self._most, self._each = waiting, each
        self._waiting: deque[Utterance] = deque()
        self._ahead: _Ahead | None = None
        """The text that comes next; its audio is made while another one is spoken."""
        self._spoken: _Ahead | None = None
        self._worker: asyncio.Task[None] | None = None
        self._making: set[asyncio.Task[None]] = set()

    def put(self, utterance: Utterance) -> Refusal | None:
        """Takes a text, or says why it does not."""
        waiting = self.waiting
        if len(waiting) >= self._most:
            return "full"
        if sum(other.person.id == utterance.person.id for other in waiting) >= self._each:
            return "share"
        self._waiting.append(utterance)
        self._go_on()
        return None

    def put_first(self, utterance: Utterance) -> None:
        """Takes a text of the bot's own before all that waits and is not made yet."""
        self._waiting.appendleft(utterance)
        self._go_on()

    def _go_on(self) -> None:
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        elif self._spoken is not None:
            self._look_ahead()

    @property
    def waiting(self) -> list[Utterance]:
        """Texts that wait, in their order."""
        return [*([self._ahead.utterance] if self._ahead else []), *self._waiting]

    @property
    def spoken(self) -> Utterance | None:
        """The text that is spoken."""
        return self._spoken.utterance if self._spoken else None

    def skip(self) -> bool:
        """Ends the text that is spoken; False: none is."""
        if self._spoken is None:
            return False
        self._end(self._spoken)
        return True

    def clear(self) -> list[Utterance]:
        """Ends what is spoken and forgets what waits; returns all of it."""
        waiting = self.waiting
        gone = [*([self._spoken.utterance] if self._spoken else []), *waiting]
        self._waiting.clear()
        for each in (self._ahead, self._spoken):
            if each is not None:
                self._end(each)
        self._ahead = None
        for utterance in waiting:
            utterance.over(whole=False)
        return gone

    async def close(self, seconds: float) -> list[Utterance]:
        """Lets end what was accepted, and returns what was not done after `seconds`."""
        if self._worker is not None and not self._worker.done():
            await asyncio.wait([self._worker], timeout=seconds)
        left = self.clear()
        tasks = [*self._making, *([self._worker] if self._worker else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        return left

    async def _work(self) -> None:
        while self._ahead or self._waiting:
            self._look_ahead()
            self._spoken, self._ahead = self._ahead, None
            if self._spoken is None:
                # What was skipped has not wholly ended yet.
                await asyncio.wait(self._making)
                continue
            spoken = self._spoken
            try:
                if error := await outcome(self._through(spoken.frames)):
                    await self._maker.failed(spoken.utterance, error)
            finally:
                whole = spoken.frames.whole
                self._end(spoken)
                self._spoken = None
                spoken.utterance.over(whole=whole)

    async def _through(self, frames: Frames) -> None:
        if await frames.begun():
            self._look_ahead()
            if not await self._speak(frames):
                await self._lost(self.clear())

    def _look_ahead(self) -> None:
        """Begins to make the next text, once the one before is made: the server is asked for one at a time."""
        if self._ahead is None and self._waiting and not self._making:
            ahead = self._ahead = _Ahead(self._waiting.popleft())
            ahead.making = asyncio.create_task(self._made(ahead))
            self._making.add(ahead.making)

    async def _made(self, ahead: _Ahead) -> None:
        try:
            if error := await outcome(self._maker.make(ahead.utterance, ahead.frames)):
                ahead.frames.fail()
                await self._maker.failed(ahead.utterance, error)
        finally:
            ahead.frames.end()
            if ahead.making is not None:
                self._making.discard(ahead.making)
            if self._spoken is not None:
                self._look_ahead()

    def _end(self, ahead: _Ahead) -> None:
        # One whose frames have ended may still be telling somebody why.
        fills = not ahead.frames.ended
        ahead.frames.cancel()
        if fills and ahead.making is not None:
            ahead.making.cancel()
