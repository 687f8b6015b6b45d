"""A Discord that keeps what it is asked to do, and a speech server that answers as it is told to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clients.chat.speech import ServerFailed, SpeechServer, Streamed, Wishes
from clients.discord.bot import Bot
from clients.discord.frames import Frames
from clients.discord.ogg import SILENCE, ogg
from clients.discord.platform import Asked, CannotJoin, Missing, Person, Undeliverable, Written
from clients.discord.settings import Settings
from tests.patience import PATIENCE

GUILD, TEXT, LOUNGE = 1, 11, 12
ANNA, BEN = Person(7, "Anna", "en-US", manages=True), Person(8, "Ben", "de")
VOICES = [
    {"id": "heart", "name": "Heart", "engine": "hibari", "languages": ["en-US"]},
    {"id": "espeak-de", "name": "Deutsch", "engine": "espeak", "languages": ["de"]},
    {"id": "espeak-fa", "name": "Farsi", "engine": "espeak", "languages": ["fa"]},
    {"id": "far", "name": "Far", "engine": "away", "languages": ["fr"]},
]
ENGINES = [
    {"name": "hibari", "kind": "tts", "available": True},
    {"name": "espeak", "kind": "tts", "available": True},
    {"name": "away", "kind": "tts", "available": False},
]


def frames_of(text: str, count: int = 10) -> list[bytes]:
    """Opus packets of 20 ms that are of this text."""
    return [b"\x78" + f"{number}:{text}".encode() for number in range(count)]


class Answer(Streamed):
    def __init__(self, blocks: Sequence[bytes | Exception], warnings: str) -> None:
        self._blocks, self.warnings, self.silent = blocks, warnings, False

    async def blocks(self) -> AsyncIterator[bytes]:
        for block in self._blocks:
            await asyncio.sleep(0)
            if isinstance(block, Exception):
                raise block
            yield block

    async def close(self) -> None:
        return


class Server(SpeechServer):
    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9", None)
        self.spoken: list[tuple[str, Wishes, str]] = []
        self.answers: deque[Callable[[str], Sequence[bytes | Exception]] | Exception] = deque()
        """Made in place of whole ones, one each."""
        self.warnings = ""
        self.heard = "what was said"
        self.listened: list[tuple[bytes, str]] = []
        self.go = asyncio.Event()
        self.go.set()

    async def get(self, path: str, subject: str | None = None, **query: str) -> Any:
        return {"/voices": VOICES, "/engines": ENGINES}.get(path, {})

    async def stream(self, text: str, wishes: Wishes, subject: str) -> Streamed:
        self.spoken.append((text, wishes, subject))
        await self.go.wait()
        answer = self.answers.popleft() if self.answers else lambda said: [ogg(frames_of(said))]
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer(text), self.warnings)

    async def transcribe(self, file: Path | bytes, language: str | None, subject: str) -> str:
        assert isinstance(file, bytes)
        self.listened.append((file, subject))
        if self.heard == "":
            raise ServerFailed("away")
        return self.heard


@dataclass
class Voice:
    """Plays as fast as frames come, once it may."""

    played: list[bytes] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    breaks: deque[int] = field(default_factory=deque)
    """After so many frames each, the connection is lost."""
    heard: Callable[[int, bytes], None] | None = None

    async def play(self, frames: Frames) -> None:
        await self.go.wait()
        most = self.breaks.popleft() if self.breaks else -1
        while frame := frames.read():
            if frame != SILENCE:
                self.played.append(frame)
                most -= 1
            if most == 0:
                return
            await asyncio.sleep(0)

    async def hear(self, heard: Callable[[int, bytes], None] | None) -> None:
        self.heard = heard


@dataclass
class InMemory:
    voice: Voice = field(default_factory=Voice)
    told: list[tuple[int, str, int | None]] = field(default_factory=list)
    joins: list[tuple[int, int]] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    missing: Missing | None = None
    empty: bool = False
    closed: set[int] = field(default_factory=set)
    """Channels that cannot be written to."""

    async def join(self, guild: int, channel: int) -> Voice:
        self.joins.append((guild, channel))
        if self.missing:
            raise CannotJoin(self.missing)
        return self.voice

    async def leave(self, guild: int) -> None:
        self.left.append(guild)

    async def tell(self, channel: int, text: str, replies_to: int | None = None) -> None:
        for _ in range(5):  # It takes its time, as a message to Discord does.
            await asyncio.sleep(0)
        if channel in self.closed:
            raise Undeliverable("gone")
        self.told.append((channel, text, replies_to))

    def guild_language(self, guild: int) -> str | None:
        return None

    def alone(self, guild: int) -> bool:
        return self.empty

    def channel_name(self, channel: int) -> str:
        return f"#{channel}"

    def person_name(self, guild: int, person: int) -> str:
        return {7: "Anna", 8: "Ben"}.get(person, "somebody")


class Scene:
    """A bot with people who write to it and use its commands."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.discord, self.server = InMemory(), Server()
        self.bot = Bot(self.discord, self.server, Settings("token", data=folder, stop_seconds=5, **settings))
        self._messages = 0

    async def ask(
        self, command: str, argument: str = "", person: Person = ANNA, guild: int = GUILD, place: int = LOUNGE
    ) -> str:
        """Uses a command; returns the last answer."""
        answers: list[str] = []

        async def answer(text: str) -> None:
            answers.append(text)

        await self.bot.ask(command, Asked(guild, TEXT, person, answer, place, argument=argument))
        return answers[-1]

    def write(self, text: str, person: Person = ANNA, channel: int = TEXT, guild: int = GUILD) -> int:
        """Writes a message; returns its number."""
        self._messages += 1
        written = Written(
            guild, channel, self._messages, Person(person.id, person.name), text, lambda kind, number: None
        )
        self.bot.hear(written)
        return self._messages

    def accepted(self, guild: int = GUILD) -> int:
        """Texts that are spoken or wait."""
        place = self.bot.guilds.joined(guild)
        return (place.line.spoken is not None) + len(place.line.waiting) if place else 0

    async def until(self, come: Callable[[], object]) -> None:
        """Waits until something is so."""
        async with asyncio.timeout(PATIENCE):
            while not come():  # noqa: ASYNC110
                await asyncio.sleep(0)

    async def end(self) -> None:
        await self.bot.close()
        await self.server.close()
