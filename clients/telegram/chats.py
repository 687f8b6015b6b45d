"""Choices of chats: kept on disk, so that a bot that starts again knows them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clients.chat.choice_store import MOST, ChoiceStore
from clients.chat.speech import Wishes

FORMATS = ("voice", "mp3", "wav", "flac", "opus")
"""Speech is sent as one of these: a voice note, or a file."""
SPEEDS = (0.75, 1.0, 1.25, 1.5, 2.0)


@dataclass(frozen=True, slots=True)
class Choices:
    interface: str | None = None
    """Language of the bot's own texts; None: that of the person's program."""
    language: str | None = None
    """Language of what is spoken and heard; None: found out of it."""
    voice: str | None = None
    engine: str | None = None
    speed: float = 1.0
    format: str = "voice"
    talking: bool = False
    """Messages are answered by the server's replies instead of being read out."""
    session: str | None = None
    """Conversation that goes on while the chat talks."""

    def wishes(self, language: str | None = None) -> Wishes:
        """The wishes told to the server. A language that a message names itself sets the chosen voice aside."""
        wishes: Wishes = {"speed": self.speed, "format": "opus" if self.format == "voice" else self.format}
        if language:
            wishes["language"] = language
            return wishes
        if self.language:
            wishes["language"] = self.language
        if self.engine:
            wishes["engine"] = self.engine
        if self.voice:
            wishes["voice"] = self.voice
        return wishes


class Chats(ChoiceStore[Choices]):
    """Choices by chat; a chat that ever wrote is remembered, so that administrators can write to all."""

    def __init__(self, file: Path, most: int = MOST) -> None:
        super().__init__(file, "chats", "chat", Choices(), all_seen=True, most=most)

    async def everybody(self) -> list[int]:
        """Chats that ever wrote to the bot and are remembered."""
        return await self.numbers()
