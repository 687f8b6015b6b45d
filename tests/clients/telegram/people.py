"""People, what they do with a bot in Telegram and what they see of it, whichever way the bot is connected."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from clients.telegram.messenger import Kind, Other

TOKEN = "123456:" + "A" * 35
NAME = "stts_test_bot"
BOT = 123456

FIRST = 1
"""Number of a message of the bot that each chat has had for long."""
TEXT_UNITS, CAPTION_UNITS, BUTTON_BYTES = 4096, 1024, 64

Sight = Literal["text", "voice", "audio", "edit", "delete", "action", "answer"]
Refusal = Literal["blocked", "empty", "too_long", "caption", "button", "not_modified", "no_message", "no_reply"]


@dataclass(frozen=True, slots=True)
class Seen:
    """Something of the bot that a chat sees."""

    kind: Sight
    chat: int
    text: str = ""
    """A text, a caption, an action, or what answers a button."""
    number: int = 0
    buttons: Sequence[Sequence[tuple[str, str]]] = ()
    """Rows of texts with their data."""
    audio: bytes = b""
    media_type: str = ""
    seconds: int = 0
    waveform: bytes = b""
    replies_to: int | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A file that somebody sends."""

    content: bytes
    kind: Kind = "voice"
    media_type: str = "audio/ogg"
    name: str = ""
    said_size: int | None = None
    """Bytes that its description says, where they are not those that come."""


class People(ABC):
    """People who write to the bot (`write`, `press`), and what they see (`seen`)."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.fetched = 0
        """Bytes of files that were handed out."""
        self.blocked: set[int] = set()
        """Chats whose people have blocked the bot."""
        self.taken_back: set[int] = set()
        """Numbers of messages that their writers have deleted."""
        self._shown: dict[tuple[int, int], tuple[str, list[list[tuple[str, str]]]]] = {}
        """Texts and buttons of the bot's messages, as they stand."""
        self._messages = 1000
        self._changed = asyncio.Condition()

    @abstractmethod
    async def write(
        self,
        text: str = "",
        chat: int = 7,
        *,
        person: int | None = None,
        recording: Recording | None = None,
        replies_to: int | None = None,
        number: int | None = None,
        other: Other | None = None,
        edits: int | None = None,
        unnamed: bool = False,
    ) -> int:
        """Writes a message; returns its number. The chat of a group is below zero, and names who writes.

        `edits`: changes the message of this number. `unnamed`: writes as the group. `other`: sends something else.
        """

    @abstractmethod
    async def post(self, text: str, channel: int) -> None:
        """Posts something in a channel that the bot is in."""

    @abstractmethod
    async def grow(self, group: int, to: int) -> None:
        """Makes a group a larger one, which has another number."""

    @abstractmethod
    async def press(self, data: str, chat: int = 7, *, message: int = FIRST, person: int | None = None) -> str:
        """Presses a button below a message of the bot; returns the number of the press."""

    @abstractmethod
    def refuse(self, kind: Sight, *, wait: int | None = None) -> None:
        """Has the next one of a kind refused: with a pause of so many seconds, or as a messenger that fails."""

    async def until(self, kind: Sight, count: int = 1, chat: int | None = None) -> list[Seen]:
        """Waits until so many of a kind have been seen."""

        def found() -> list[Seen]:
            return [seen for seen in self.seen if seen.kind == kind and (chat is None or seen.chat == chat)]

        async with self._changed:
            await self._changed.wait_for(lambda: len(found()) >= count)
        return found()

    async def told(self, text: str = "", chat: int = 7, answers: int = 1, **how: object) -> str:
        """The last text of the bot after something was written to it."""
        before = len(await self.until("text", 0, chat))
        await self.write(text, chat, **how)  # type: ignore[arg-type]
        return (await self.until("text", before + answers, chat))[-1].text

    async def reads(self, word: str) -> None:
        """Waits for a text of the bot that holds a word, whatever it says of long work before."""

        def said() -> bool:
            return any(word in seen.text.lower() for seen in self.seen if seen.kind in ("text", "edit"))

        async with self._changed:
            await self._changed.wait_for(said)

    def refusal(self, seen: Seen) -> Refusal | None:
        """Says why Telegram would not do this for the bot; None where it would."""
        text, units = seen.text, len(seen.text.encode("utf-16-le")) // 2
        before = self._shown.get((seen.chat, seen.number))
        if seen.chat in self.blocked and seen.kind != "answer":
            return "blocked"
        if seen.kind in ("text", "edit") and not text.strip():
            return "empty"
        if seen.kind in ("text", "edit") and units > TEXT_UNITS:
            return "too_long"
        if seen.kind in ("voice", "audio") and units > CAPTION_UNITS:
            return "caption"
        if any(len(data.encode()) > BUTTON_BYTES for row in seen.buttons for _, data in row):
            return "button"
        if seen.replies_to in self.taken_back:
            return "no_reply"
        if seen.kind in ("edit", "delete") and before is None and seen.number != FIRST:
            return "no_message"
        if seen.kind == "edit" and before == (text, [list(row) for row in seen.buttons]):
            return "not_modified"
        return None

    async def see(self, seen: Seen) -> None:
        self.seen.append(seen)
        if seen.kind in ("text", "edit"):
            self._shown[seen.chat, seen.number] = seen.text, [list(row) for row in seen.buttons]
        elif seen.kind == "delete":
            self._shown.pop((seen.chat, seen.number), None)
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _next(self) -> int:
        self._messages += 1
        return self._messages
