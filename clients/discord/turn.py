"""One command, and what is needed to answer it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from clients.chat.choice_store import ChoiceStore
from clients.chat.speech import SpeechServer
from clients.chat.texts import language_of
from clients.chat.voice_list import VoiceList
from clients.discord.choices import PersonChoices
from clients.discord.guilds import Guilds
from clients.discord.listening import Ears
from clients.discord.platform import Asked, Platform
from clients.discord.settings import Settings
from clients.discord.speaking import subject
from clients.discord.texts import sentence


@dataclass(frozen=True, slots=True)
class Desk:
    """Shared by all turns."""

    platform: Platform
    server: SpeechServer
    voices: VoiceList
    people: ChoiceStore[PersonChoices]
    guilds: Guilds
    ears: Ears
    settings: Settings


@dataclass(frozen=True, slots=True)
class Turn:
    desk: Desk
    asked: Asked
    choices: PersonChoices

    @property
    def guild(self) -> int:
        return self.asked.guild

    @property
    def argument(self) -> str:
        return self.asked.argument.strip()

    @property
    def language(self) -> str:
        return language_of(
            self.choices.interface,
            self.asked.person.language,
            self.choices.program,
            self.asked.guild_language,
            self.desk.settings.language,
        )

    @property
    def subject(self) -> str:
        return subject(self.asked.person.id)

    def words(self, key: str, /, **values: object) -> str:
        return sentence(self.language, key, **values)

    async def tell(self, key: str, /, **values: object) -> None:
        await self.asked.answer(self.words(key, **values))


Command = Callable[[Turn], Coroutine[Any, Any, None]]
