"""Signs of work: an action of the messenger at once, and for long work a message that is changed as it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from clients.telegram.delivery import Delivery
from clients.telegram.messenger import Action

ACTION_SECONDS = 4.5
"""A messenger shows an action for five."""
END_SECONDS = 2.0
"""How long work that is done waits for a messenger that is slow."""
TOLD_AFTER = 2
"""Actions after which work is long enough for a message."""


class Progress:
    """How far one piece of work is. `words`: a sentence of the chat's language, by its key."""

    def __init__(self, messenger: Delivery, chat: int, words: Callable[..., str]) -> None:
        self._messenger = messenger
        self._chat = chat
        self._words = words
        self._message: int | None = None
        self._part = (1, 1)
        self._lock = asyncio.Lock()
        self._ended = asyncio.Event()
        self._begun = asyncio.get_running_loop().time()

    async def part(self, number: int, of: int) -> None:
        """Tells which part of several is at work."""
        self._part = number, of
        if of > 1:
            await self._tell()

    async def show(self, action: Action) -> None:
        """Shows the action until the end, and after a while tells how long it has taken."""
        shown = 0
        while not self._ended.is_set():
            await self._messenger.show(self._chat, action)
            shown += 1
            if shown > TOLD_AFTER and shown % TOLD_AFTER:
                await self._tell()
            with suppress(TimeoutError):
                async with asyncio.timeout(ACTION_SECONDS):
                    await self._ended.wait()
        # The answer is there, or the reason why there is none.
        if self._message is not None:
            await self._messenger.take_back(self._chat, self._message)

    def end(self) -> None:
        self._ended.set()

    async def _tell(self) -> None:
        number, of = self._part
        seconds = round(asyncio.get_running_loop().time() - self._begun)
        key = ("progress_parts" if seconds else "progress_begun") if of > 1 else "progress"
        text = self._words(key, number=number, of=of, seconds=seconds)
        async with self._lock:
            if self._message is None:
                self._message = await self._messenger.try_text(self._chat, text)
            else:
                await self._messenger.update_text(self._chat, self._message, text)


@asynccontextmanager
async def showing(progress: Progress, action: Action) -> AsyncIterator[Progress]:
    """Shows an action, and what comes of it, until the context ends."""
    task = asyncio.create_task(progress.show(action))
    try:
        yield progress
    finally:
        # It is not cancelled at once: a message that is being sent would stay.
        progress.end()
        _, late = await asyncio.wait([task], timeout=END_SECONDS)
        if late:
            task.cancel()
            await asyncio.wait([task])
