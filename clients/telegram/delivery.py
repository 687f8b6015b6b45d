"""Delivers to a messenger that wants pauses, or is away for a moment: in order, and not twice where it can be known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from clients.chat.starting import Rejected
from clients.telegram.lengths import CAPTION_UNITS, clipped, cut
from clients.telegram.messenger import (
    Action,
    AudioFile,
    Buttons,
    Flooded,
    Messenger,
    Moved,
    Undeliverable,
    VoiceNote,
)

LONGEST_PAUSE = 120.0
"""Seconds of a pause that is kept; a longer one is given up."""
TRIES = 5
FIRST_PAUSE = 0.5
MOST_PAUSES = 10_000
MOST_MOVED = 1000
NOTHING = "…"
"""Stands for a text of which nothing can be seen, which the messenger would refuse."""

Result = TypeVar("Result")


class Delivery:
    """A messenger that keeps the pauses which the one below it asks for. Raises Undeliverable in the end.

    What is too long for one message comes as several. A chat that has moved is found where it is now.
    """

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self.takes_waveforms = messenger.takes_waveforms
        self._until: dict[int, float] = {}
        self._moved: dict[int, int] = {}

    def move(self, chat: int, to: int) -> None:
        """Another chat gets what is sent to this one from now on."""
        if len(self._moved) >= MOST_MOVED:
            del self._moved[next(iter(self._moved))]
        self._moved[chat] = to

    async def send_text(self, chat: int, text: str, *, buttons: Buttons = (), replies_to: int | None = None) -> int:
        """Sends a text of any length; returns the number of its last message, which has the buttons."""
        *first, last = cut(text) or [NOTHING]
        for part in first:
            await self._send(chat, partial(self._messenger.send_text, text=part), replies_to)
        return await self._send(chat, partial(self._messenger.send_text, text=last, buttons=buttons), replies_to)

    async def try_text(self, chat: int, text: str) -> int | None:
        """Sends a text that tells how far work is, or does not."""
        return await self._try(chat, lambda to: self._messenger.send_text(to, text))

    async def edit_text(self, chat: int, message: int, text: str, *, buttons: Buttons = ()) -> None:
        told = clipped(text)
        await self._deliver(chat, lambda to: self._messenger.edit_text(to, message, told, buttons=buttons))

    async def update_text(self, chat: int, message: int, text: str) -> None:
        """Changes a text that tells how far work is, or does not: it is worth no pause."""
        await self._try(chat, lambda to: self._messenger.edit_text(to, message, clipped(text)))

    async def send_voice(self, chat: int, note: VoiceNote, *, caption: str = "", replies_to: int | None = None) -> None:
        below = clipped(caption, CAPTION_UNITS)
        await self._send(chat, partial(self._messenger.send_voice, note=note, caption=below), replies_to)

    async def send_audio(self, chat: int, file: AudioFile, *, replies_to: int | None = None) -> None:
        await self._send(chat, partial(self._messenger.send_audio, file=file), replies_to)

    async def fetch(self, chat: int, fetch: Callable[[], Awaitable[None]]) -> None:
        """Fetches something that came with a message of a chat."""
        await self._deliver(chat, lambda _: fetch())

    async def show(self, chat: int, action: Action) -> None:
        """Shows it, or does not: a sign of work is worth no pause."""
        await self._try(chat, lambda to: self._messenger.show(to, action))

    async def take_back(self, chat: int, message: int) -> None:
        """Takes a text of the bot back, or does not."""
        await self._try(chat, lambda to: self._messenger.delete(to, message))

    async def answer_press(self, press: str, text: str = "") -> None:
        """Answers it, or does not: it is out of date after a few seconds."""
        await self._try(0, lambda _: self._messenger.answer_press(press, text))

    async def offer(self, commands: Sequence[tuple[str, str]], language: str | None = None) -> None:
        await self._deliver(0, lambda _: self._messenger.offer(commands, language))

    async def _try(self, chat: int, send: Callable[[int], Awaitable[Result]]) -> Result | None:
        if self._pause(chat) > 0:
            return None
        try:
            return await send(self._moved.get(chat, chat))
        except Flooded as flooded:
            self._keep_pause(chat, flooded.seconds)
        except (Moved, Rejected, Undeliverable, OSError):
            pass
        return None

    async def _send(self, chat: int, send: Callable[..., Awaitable[Result]], replies_to: int | None) -> Result:
        """Sends an answer; where the message that it answers is gone, it comes all the same."""
        try:
            return await self._deliver(chat, partial(send, replies_to=replies_to))
        except Undeliverable:
            if replies_to is None:
                raise
        return await self._deliver(chat, send)

    async def _deliver(self, chat: int, send: Callable[[int], Awaitable[Result]]) -> Result:
        pause, tries = FIRST_PAUSE, 0
        while True:
            await asyncio.sleep(self._pause(chat))
            try:
                return await send(self._moved.get(chat, chat))
            except Flooded as flooded:
                if flooded.seconds > LONGEST_PAUSE:
                    raise Undeliverable(f"the messenger wants a pause of {flooded.seconds:g} s") from None
                self._keep_pause(chat, flooded.seconds)
            except Moved as moved:
                if self._moved.get(chat) == moved.chat:
                    raise Undeliverable("the chat has moved without an end") from None
                self.move(chat, moved.chat)
            except OSError as error:
                tries += 1
                if tries == TRIES:
                    raise Undeliverable(f"the messenger cannot be reached: {type(error).__name__}") from None
                await asyncio.sleep(pause)
                pause *= 2

    def _pause(self, chat: int) -> float:
        """Seconds until something may be sent to a chat again."""
        left = self._until.get(chat, 0.0) - asyncio.get_running_loop().time()
        if left <= 0:
            self._until.pop(chat, None)
        return max(0.0, left)

    def _keep_pause(self, chat: int, seconds: float) -> None:
        if len(self._until) >= MOST_PAUSES:
            del self._until[next(iter(self._until))]
        self._until[chat] = asyncio.get_running_loop().time() + seconds
