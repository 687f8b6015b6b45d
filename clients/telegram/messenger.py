"""The seam between the bot and the frameworks: what a messenger tells, and what it is asked to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Kind = Literal["voice", "video_note", "audio", "video", "document"]
Other = Literal[
    "sticker", "photo", "animation", "location", "venue", "contact", "poll", "dice", "game", "story", "invoice", "other"
]
"""Kinds of messages that hold neither a text nor a recording; `other`: one that the bot does not know."""
Action = Literal["typing", "record_voice"]


NO_TOKEN = "The token has not the form of one: @BotFather shows it."
UNKNOWN_TOKEN = (
    "The messenger does not know the token: it is wrong, or was revoked. @BotFather shows the one that counts."
)
TWO_BOTS = "Another program asks for this bot's messages: one of the two must end."


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    name: str
    language: str | None = None
    """Language of the person's own program, BCP 47."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message, not fetched yet."""

    kind: Kind
    fetch: Callable[[Any], Awaitable[None]]
    """Writes into a binary file, piece by piece. Raises Flooded, Undeliverable, OSError, and what the file raises."""
    size: int | None = None
    """Bytes, as the messenger says: it may be wrong or missing."""
    name: str | None = None
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that somebody wrote."""

    chat: int
    message: int
    """Number of the message in its chat."""
    person: Person
    text: str = ""
    """The text, or what stands below a file."""
    attachment: Attachment | None = None
    replied: Incoming | None = None
    """The message that this one replies to, where the messenger tells it."""
    private: bool = True
    """A chat with the bot alone. In others it listens to commands only."""
    other: Other | None = None
    """The kind of a message with neither a text nor a recording."""
    edited: bool = False
    """Whether it is a message of before that was changed."""


@dataclass(frozen=True, slots=True)
class Press:
    """A button below a message of the bot that somebody pressed."""

    id: str
    chat: int
    message: int
    person: Person
    data: str


@dataclass(frozen=True, slots=True)
class Button:
    text: str
    data: str
    """Up to 64 bytes of UTF-8, as Telegram allows."""


Buttons = Sequence[Sequence[Button]]
"""Rows of them."""


@dataclass(frozen=True, slots=True)
class VoiceNote:
    """Ogg/Opus, mono, 48 kHz: shown as a bubble."""

    audio: bytes
    seconds: int
    waveform: bytes | None = None
    """A hundred heights of five bits each, for messengers that take them."""


@dataclass(frozen=True, slots=True)
class AudioFile:
    audio: bytes
    name: str
    media_type: str
    seconds: int
    title: str


class Flooded(Exception):
    """The messenger wants a pause; what was asked for has not happened."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds:g} s")
        self.seconds = seconds


class Undeliverable(Exception):
    """The messenger refuses for good: the chat is gone, the bot was blocked, the file is too large."""


class Moved(Exception):
    """The chat has become another one: its group has grown."""

    def __init__(self, chat: int) -> None:
        super().__init__("the chat has another number now")
        self.chat = chat


class Messenger(Protocol):
    """All that the bot asks of a framework.

    Each raises Flooded, Undeliverable, Moved or Rejected as said there, and OSError where the network fails.
    """

    takes_waveforms: bool

    async def send_text(self, chat: int, text: str, *, buttons: Buttons = (), replies_to: int | None = None) -> int:
        """Sends plain text of up to 4096 characters; returns the number of the message."""

    async def edit_text(self, chat: int, message: int, text: str, *, buttons: Buttons = ()) -> None:
        """Replaces a text of the bot. The same text again is no error."""

    async def send_voice(
        self, chat: int, note: VoiceNote, *, caption: str = "", replies_to: int | None = None
    ) -> None: ...

    async def send_audio(self, chat: int, file: AudioFile, *, replies_to: int | None = None) -> None: ...

    async def show(self, chat: int, action: Action) -> None:
        """Shows for about five seconds that the bot is at work."""

    async def delete(self, chat: int, message: int) -> None:
        """Takes a text of the bot back. One that is gone already is no error."""

    async def answer_press(self, press: str, text: str = "") -> None:
        """Ends the waiting sign of a button, with a line shown to who pressed it."""

    async def offer(self, commands: Sequence[tuple[str, str]], language: str | None = None) -> None:
        """Tells the messenger the commands and what they do, for its menu."""


class Listener(Protocol):
    """The one to whom a framework hands its news to; both return when it is accepted, not when it is done."""

    async def receive(self, message: Incoming) -> None: ...

    async def press(self, press: Press) -> None: ...

    async def move(self, chat: int, to: int) -> None:
        """A group has another number from now on."""


class Framework(Messenger, Protocol):
    """A messenger with its connection."""

    async def connect(self) -> str:
        """Signs in, and returns the bot's own name. Raises Rejected, and OSError where nobody can be reached."""

    async def listen(self, listener: Listener) -> None:
        """Hands on what comes, until it is cancelled: then what was accepted does not come again. Raises Rejected."""

    async def close(self) -> None: ...
