"""Choices of people and of guilds."""

from __future__ import annotations

from dataclasses import dataclass

from clients.chat.speech import Wishes


@dataclass(frozen=True, slots=True)
class PersonChoices:
    voice: str | None = None
    language: str | None = None
    """Language of what is spoken; None: found out of it."""
    interface: str | None = None
    """Language of the bot's own texts; None: that of the person's program."""
    program: str | None = None
    """The language of the person's program, as it was told last."""
    speed: float = 1.0

    def wishes(self, language: str | None = None) -> Wishes:
        """The wishes told to the server. A language that a text names itself sets the chosen voice aside."""
        wishes: Wishes = {"speed": self.speed}
        if language or self.language:
            wishes["language"] = language or self.language or ""
        if self.voice and not language:
            wishes["voice"] = self.voice
        return wishes


@dataclass(frozen=True, slots=True)
class GuildChoices:
    voice_channel: int | None = None
    """Where the bot is, or was when it ended."""
    text_channel: int | None = None
    """Whose messages are spoken there."""
