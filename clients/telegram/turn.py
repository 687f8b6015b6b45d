"""One message or press, and what its command needs to answer it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from clients.chat.failure_sentences import failure_sentence
from clients.chat.speech import ServerFailed, SpeechServer
from clients.chat.texts import language_of
from clients.chat.voice_list import VoiceList
from clients.telegram.chats import Chats, Choices
from clients.telegram.confirmations import Confirmations
from clients.telegram.delivery import Delivery
from clients.telegram.messenger import Action, Buttons, Incoming, Undeliverable
from clients.telegram.progress import Progress, showing
from clients.telegram.settings import Settings
from clients.telegram.texts import sentence


@dataclass(frozen=True, slots=True)
class Desk:
    """Shared by all turns: the messenger, the server, what chats have chosen."""

    messenger: Delivery
    server: SpeechServer
    chats: Chats
    settings: Settings
    recordings: Path
    """Folder of files while they are heard; emptied when the bot starts."""
    voices: VoiceList
    confirmations: Confirmations
    enqueue: Callable[[Turn, Callable[[], Awaitable[None]], float | None], Awaitable[None]]
    """Takes work into the chat's queue, or tells the chat that it is full."""


@dataclass(frozen=True, slots=True)
class Turn:
    desk: Desk
    message: Incoming
    choices: Choices
    argument: str = ""
    """The text behind the command, or what a button stands for."""
    pressed: bool = False
    """Whether `message` is one of the bot's own, below which a button was pressed."""

    @property
    def chat(self) -> int:
        return self.message.chat

    @property
    def language(self) -> str:
        """Language of the bot's sentences in this turn."""
        return language_of(self.choices.interface, self.message.person.language, self.desk.settings.language)

    @property
    def subject(self) -> str:
        """The person, as the server counts it among those of the bot's key."""
        return f"telegram:{self.message.person.id}"

    def words(self, key: str, /, **values: object) -> str:
        return sentence(self.language, key, **values)

    async def tell(self, key: str, /, *, buttons: Buttons = (), **values: object) -> int:
        """Answers with a sentence; returns the number of its message."""
        return await self.say(self.words(key, **values), buttons)

    async def say(self, text: str, buttons: Buttons = ()) -> int:
        """Answers with a text of any length. In a group it answers the message, so that it comes to its topic."""
        answers = None if self.message.private or self.pressed else self.message.message
        return await self.desk.messenger.send_text(self.chat, text, buttons=buttons, replies_to=answers)

    async def put(self, key: str, /, *, buttons: Buttons = (), **values: object) -> None:
        """Says it in place of the message whose button was pressed, or as an answer where none was."""
        if not (self.pressed and await self._edited(self.words(key, **values), buttons)):
            await self.tell(key, buttons=buttons, **values)

    async def _edited(self, text: str, buttons: Buttons) -> bool:
        try:
            await self.desk.messenger.edit_text(self.chat, self.message.message, text, buttons=buttons)
        except Undeliverable:
            # It is too old to be changed, or was deleted.
            return False
        return True

    async def work(self, job: Callable[[], Awaitable[None]], *, endless: bool = False) -> None:
        """Puts work that takes a while into the chat's queue. `endless`: it has no deadline."""
        await self.desk.enqueue(self, job, None if endless else self.desk.settings.deadline)

    def showing(self, action: Action) -> AbstractAsyncContextManager[Progress]:
        """Shows an action until the context ends, and how far long work is."""
        return showing(Progress(self.desk.messenger, self.chat, self.words), action)

    def failure(self, failure: ServerFailed) -> str:
        """Says what went wrong, and what to do next, in words; administrators hear the server's own as well."""
        details = self.message.person.id in self.desk.settings.admins
        return failure_sentence(self.language, failure, details=details)
