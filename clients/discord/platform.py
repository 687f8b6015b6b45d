"""The seam between the bot and Discord's library: what Discord tells, and what it is asked to do."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from clients.discord.frames import Frames

Kind = Literal["person", "role", "channel"]
Attached = Literal["image", "video", "recording", "file", "sticker"]
Missing = Literal["may_not_view", "may_not_connect", "may_not_speak", "channel_full", "channel_gone", "no_voice"]
"""Why a voice channel cannot be joined: the key of the sentence that says so."""

NO_TOKEN = "Discord does not know the token: it is wrong, or was reset. The developer portal shows the one that counts."
NO_INTENT = (
    'The bot may not read messages: switch on the intent "Message Content" in the developer portal, '
    "or set read_messages to false, which leaves /say."
)


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    name: str
    language: str | None = None
    """Language of the person's own program, where it is known."""
    manages: bool = False
    """May manage the guild's channels."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message in a text channel."""

    guild: int
    channel: int
    message: int
    person: Person
    text: str
    named: Callable[[Kind, int], str | None]
    """Names of those that a text mentions by id."""
    attached: tuple[Attached, ...] = ()
    guild_language: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A command."""

    guild: int
    channel: int
    person: Person
    answer: Callable[[str], Coroutine[Any, Any, None]]
    voice_channel: int | None = None
    """The voice channel in which the person is."""
    named: Callable[[Kind, int], str | None] = lambda kind, number: None
    guild_language: str | None = None
    argument: str = ""
    """The text behind the command."""


class Undeliverable(Exception):
    """A channel cannot be written to: it is gone, or the bot may not."""


class CannotJoin(Exception):
    """A voice channel cannot be joined."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(missing)
        self.missing = missing


class Voice(Protocol):
    """The bot's connection to a voice channel."""

    async def play(self, frames: Frames) -> None:
        """Plays until the frames are done or the connection is lost for good; the frames tell which."""

    async def hear(self, heard: Callable[[int, bytes], None] | None) -> None:
        """Hands on what people say, Opus packets by person, or no longer."""


class Platform(Protocol):
    async def join(self, guild: int, channel: int) -> Voice:
        """Joins a voice channel, or goes there from another, or stays. Raises CannotJoin."""

    async def leave(self, guild: int) -> None: ...

    async def tell(self, channel: int, text: str, replies_to: int | None = None) -> None:
        """Writes into a text channel. Raises Undeliverable."""

    def guild_language(self, guild: int) -> str | None: ...

    def alone(self, guild: int) -> bool:
        """Whether no person is where the bot is."""

    def channel_name(self, channel: int) -> str: ...

    def person_name(self, guild: int, person: int) -> str: ...
