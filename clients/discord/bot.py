"""The bot: takes messages and commands, finds what each asks for, and tells every failure to who asked."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from functools import partial

from clients.chat.choice_store import ChoiceStore
from clients.chat.failure_sentences import failure_sentence
from clients.chat.outcome import outcome
from clients.chat.queues import ChatQueues
from clients.chat.speech import ServerFailed, SpeechServer
from clients.chat.voice_list import VoiceList
from clients.discord.announcing import inform
from clients.discord.choices import GuildChoices, PersonChoices
from clients.discord.commands import COMMANDS, offer
from clients.discord.guilds import Guilds
from clients.discord.listening import Ears
from clients.discord.platform import Asked, Platform, Undeliverable, Written
from clients.discord.settings import Settings
from clients.discord.speaking import Speaking, log_fault
from clients.discord.spoken import spoken
from clients.discord.turn import Desk, Turn

WAITING_MESSAGES = 50
"""Messages of a guild that wait to be looked at."""
MOST_MESSAGES = 200
"""Messages that are looked at at once."""
MOST_SUGGESTIONS = 25
"""Discord shows so many."""
MOST_TOLD = 10_000

log = logging.getLogger("stts.bot")


class Bot:
    def __init__(self, platform: Platform, server: SpeechServer, settings: Settings) -> None:
        self._settings = settings
        self._platform = platform
        self._people = ChoiceStore(settings.data / "people.db", "people", "id", PersonChoices())
        self._places = ChoiceStore(settings.data / "guilds.db", "guilds", "id", GuildChoices())
        voices = VoiceList(server)
        self._ears = Ears(platform, server, lambda guild: self.guilds.language(guild))
        self.guilds = Guilds(platform, self._places, Speaking(server, voices, platform), self._ears, settings)
        self._desk = Desk(platform, server, voices, self._people, self.guilds, self._ears, settings)
        # Texts are looked at in their guild's order.
        self._messages = ChatQueues(self._fault, waiting=WAITING_MESSAGES, at_once=MOST_MESSAGES)
        self._refused: OrderedDict[tuple[int, int, str], None] = OrderedDict()
        """Each person who was told in a guild that there is no room: once, until there is room again."""
        self._overflowed: set[int] = set()
        """Guilds whose messages came faster than they could be looked at."""
        self._late: set[int] = set()
        """Guilds in which somebody wrote while the bot was being stopped."""
        self._closing = False

    async def ready(self) -> None:
        """Goes back to where it was when it ended."""
        await self.guilds.resume()

    async def close(self) -> None:
        """Lets end what was accepted, within one time for all of it, and takes nothing more."""
        self._closing = True
        clock = asyncio.get_running_loop().time
        until = clock() + self._settings.stop_seconds

        async def end() -> None:
            await self._messages.close(until - clock())
            await asyncio.gather(self._ears.close(until - clock()), self.guilds.close(until - clock()))
            for guild in self._late:
                await self.guilds.tell(guild, "stopping")

        if (error := await outcome(end())) is not None:
            log_fault(error)
        self._people.close()
        self._places.close()

    async def ask(self, command: str, asked: Asked) -> None:
        """Answers a command, whatever comes of it."""
        choices = await self._people.of(asked.person.id)
        if not self._closing:
            # Messages do not tell it: it is kept for them.
            choices = await self._people.choose(asked.person.id, program=asked.person.language)
        turn = Turn(self._desk, asked, choices)
        error = await outcome(turn.tell("stopping") if self._closing else COMMANDS[command](turn))
        if error is not None and not isinstance(error, Undeliverable):
            if isinstance(error, ServerFailed):
                log.warning("the speech server did not do it: %s %s", error.cause, error.code)
                words = failure_sentence(turn.language, error)
            else:
                log_fault(error)
                words = turn.words("failed_here")
            error = await outcome(asked.answer(words))
        if error is not None:
            log.warning("a command could not be answered: %s", error)

    async def suggest(self, begin: str) -> list[tuple[str, str]]:
        """Names and ids of voices for what somebody has typed of one."""
        try:
            found = await self._desk.voices.all()
        except ServerFailed:
            return []
        wanted = begin.casefold()
        named = [(str(each["name"]), str(each["id"])) for each in found]
        return [pair for pair in named if wanted in " ".join(pair).casefold()][:MOST_SUGGESTIONS]

    def hear(self, written: Written) -> None:
        """Speaks a message of the text channel that belongs to the voice channel."""
        place = self.guilds.joined(written.guild)
        if not self._settings.read_messages or place is None or place.text_channel != written.channel:
            return
        if self._closing:
            self._late.add(written.guild)
        elif not self._messages.put(written.guild, partial(self._look, written)):
            # Told by the message before, once.
            self._overflowed.add(written.guild)

    async def _look(self, written: Written) -> None:
        async def answer(text: str) -> None:
            await self._platform.tell(written.channel, text, written.message)

        person, language = written.person, written.guild_language
        asked = Asked(written.guild, written.channel, person, answer, guild_language=language)
        turn = Turn(self._desk, asked, await self._people.of(written.person.id))
        text = spoken(written.text, written.named, lambda key: turn.words(f"word_{key}"), written.attached)
        refused = offer(turn, text, written.message)
        if written.guild in self._overflowed:
            self._overflowed.discard(written.guild)
            await self.guilds.tell(written.guild, "queue_full", count=self._settings.waiting)
        if refused is None:
            self._refused.pop((written.guild, written.person.id, "share_full"), None)
            self._refused.pop((written.guild, written.person.id, "queue_full"), None)
        elif refused[0] != "not_joined" and (written.text.strip() or written.attached):
            await self._refuse(turn, refused[0], refused[1])

    async def _refuse(self, turn: Turn, key: str, values: dict[str, object]) -> None:
        """Tells somebody why a text is not spoken; who floods the bot is told once, until there is room again."""
        told = (turn.guild, turn.asked.person.id, key)
        if key != "text_too_long":
            if told in self._refused:
                return
            self._refused[told] = None
            if len(self._refused) > MOST_TOLD:
                self._refused.popitem(last=False)
        try:
            await turn.tell(key, **values)
        except Undeliverable as gone:
            log.warning("a channel could not be written to: %s", gone)

    async def removed(self, guild: int) -> None:
        """Somebody took the bot out of its voice channel, or the channel is gone."""
        await self.guilds.removed(guild)

    async def moved(self, guild: int, channel: int) -> None:
        await self.guilds.moved(guild, channel)

    async def came(self, guild: int, person: int) -> None:
        """Tells who comes into the voice channel that the bot listens."""
        if not self._closing:
            await inform(self.guilds, self._ears, guild, person)

    async def channel_gone(self, guild: int, channel: int) -> None:
        await self.guilds.unbind(guild, channel)

    async def guild_gone(self, guild: int) -> None:
        await self.guilds.forget(guild)

    async def _fault(self, guild: int, error: BaseException) -> None:
        log_fault(error)
        await self.guilds.tell(guild, "failed_here")
