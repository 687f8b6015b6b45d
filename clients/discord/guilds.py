"""Where the bot is: in each guild one voice channel, the text channel that belongs to it, and the line of its texts."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from clients.chat.choice_store import ChoiceStore
from clients.chat.texts import language_of
from clients.discord.choices import GuildChoices, PersonChoices
from clients.discord.frames import Frames
from clients.discord.line import Line, Utterance
from clients.discord.listening import Ears
from clients.discord.platform import CannotJoin, Person, Platform, Undeliverable, Voice
from clients.discord.settings import Settings
from clients.discord.speaking import Speaking
from clients.discord.texts import sentence

MOST_RETURNS = 3
"""How often the bot goes back into a voice channel whose connection was lost, before a text is given up."""

NOBODY = Person(0, "")
"""Whose texts the bot's own are."""

log = logging.getLogger("stts.bot")


@dataclass(slots=True)
class Place:
    """The bot in one guild."""

    line: Line
    voice: Voice | None = None
    voice_channel: int | None = None
    text_channel: int | None = None
    """Whose messages are spoken."""
    announcement: tuple[Utterance, asyncio.Future[bool]] | None = None
    """The last that was said of listening, and whether all of it was spoken."""
    language: str = ""
    """The guild's own, in which all are told what concerns all."""
    joining: asyncio.Lock = field(default_factory=asyncio.Lock)


class Guilds:
    def __init__(
        self,
        platform: Platform,
        choices: ChoiceStore[GuildChoices],
        speaking: Speaking,
        ears: Ears,
        settings: Settings,
    ) -> None:
        self._ears = ears
        self._platform = platform
        self._choices = choices
        self._speaking = speaking
        self._settings = settings
        self._places: dict[int, Place] = {}

    def place(self, guild: int) -> Place:
        """The place in a guild; made where there is none."""
        if guild not in self._places:

            async def speak(frames: Frames) -> bool:
                return await self._speak(guild, frames)

            async def lost(utterances: list[Utterance]) -> None:
                await self._gone(guild, "voice_lost", len(utterances))
                await self._platform.leave(guild)

            settings = self._settings
            line = Line(self._speaking, speak, lost, waiting=settings.waiting, each=settings.waiting_each)
            self._places[guild] = Place(line, language=settings.language)
        return self._places[guild]

    def joined(self, guild: int) -> Place | None:
        """The place in a guild in whose voice channel the bot is."""
        place = self._places.get(guild)
        return place if place and place.voice else None

    async def join(self, guild: int, voice_channel: int, text_channel: int | None, language: str | None) -> None:
        """Joins a voice channel and speaks there what is written in a text channel. Raises CannotJoin."""
        place = self.place(guild)
        async with place.joining:
            place.language = language_of(language, self._settings.language)
            if place.voice_channel != voice_channel:
                await self._no_longer_listen(guild)
            place.voice = await self._platform.join(guild, voice_channel)
            place.voice_channel, place.text_channel = voice_channel, text_channel
            await self._choices.choose(guild, voice_channel=voice_channel, text_channel=text_channel)

    async def leave(self, guild: int) -> int | None:
        """Leaves a guild's voice channel; returns how many texts are not spoken for it, or None: it was in none."""
        place = self.joined(guild)
        if place is None:
            return None
        async with place.joining:
            gone = place.line.clear()
            await self._out(guild)
            await self._choices.choose(guild, text_channel=None)
            place.text_channel = None
            await self._platform.leave(guild)
        return len(gone)

    async def moved(self, guild: int, channel: int) -> None:
        """Keeps that somebody moved the bot into another voice channel. What it heard was for the one before."""
        if (place := self.joined(guild)) and place.voice_channel != channel:
            place.voice_channel = channel
            await self._no_longer_listen(guild)
            await self._choices.choose(guild, voice_channel=channel)

    async def removed(self, guild: int) -> None:
        """Tells that somebody took the bot out of its voice channel, or the channel away."""
        place = self.joined(guild)
        if place is not None and not place.joining.locked():
            await self._gone(guild, "removed", len(place.line.clear()))

    async def _out(self, guild: int) -> None:
        """The bot is in no voice channel of a guild any more: it speaks and listens there no longer."""
        place = self._places[guild]
        place.voice = place.voice_channel = None
        await self._no_longer_listen(guild)
        await self._choices.choose(guild, voice_channel=None)

    async def _no_longer_listen(self, guild: int) -> None:
        """Ends listening, which was announced in one voice channel and holds for it alone."""
        if await self._ears.stop(guild):
            await self.tell(guild, "listening_off")

    async def unbind(self, guild: int, channel: int) -> None:
        """Forgets a text channel that is gone."""
        place = self._places.get(guild)
        if place is not None and place.text_channel == channel:
            place.text_channel = None
            await self._no_longer_listen(guild)
            await self._choices.choose(guild, text_channel=None)

    async def forget(self, guild: int) -> None:
        """Forgets a guild that the bot is no longer in."""
        await self._ears.stop(guild)
        place = self._places.pop(guild, None)
        await self._choices.choose(guild, voice_channel=None, text_channel=None)
        if place is not None:
            await place.line.close(0)

    async def resume(self) -> None:
        """Goes back to where the bot was when it ended."""
        kept = {guild: each for guild, each in (await self._choices.all()).items() if each.voice_channel}
        await asyncio.gather(*(self._resume(guild, each) for guild, each in kept.items() if not self.joined(guild)))

    async def _resume(self, guild: int, kept: GuildChoices) -> None:
        try:
            await self.join(guild, kept.voice_channel or 0, kept.text_channel, self._platform.guild_language(guild))
        except CannotJoin as error:
            log.warning("a voice channel could not be joined again: %s", error.missing)
            place = self.place(guild)
            place.text_channel = kept.text_channel
            await self.tell(guild, "not_back", reason=sentence(place.language, error.missing))
            if error.missing != "no_voice":
                await self._choices.choose(guild, voice_channel=None)

    async def close(self, seconds: float) -> None:
        """Lets end what was accepted, and tells each guild what could not be."""

        async def end(guild: int, place: Place) -> None:
            if left := await place.line.close(seconds):
                await self.tell(guild, "stopped", count=len(left))

        await asyncio.gather(*(end(guild, place) for guild, place in self._places.items()))

    def language(self, guild: int) -> str:
        """The language in which all of a guild are told what concerns all."""
        return self.place(guild).language

    async def announce(self, guild: int) -> bool:
        """Says aloud that the bot listens, before anything else that waits; tells whether all of it was spoken."""
        place = self.joined(guild)
        if place is None:
            return False
        if place.announcement is None or place.announcement[0] not in place.line.waiting:
            spoken = asyncio.get_running_loop().create_future()
            text, choices = sentence(place.language, "listening_aloud"), PersonChoices(language=place.language)

            def told(whole: bool) -> None:
                if not spoken.done():
                    spoken.set_result(whole)

            utterance = Utterance(NOBODY, text, choices, place.language, place.text_channel or 0, told=told)
            place.announcement = utterance, spoken
            place.line.put_first(utterance)
        return await asyncio.shield(place.announcement[1])

    async def tell(self, guild: int, key: str, /, **values: object) -> None:
        """Writes a sentence for all into the text channel that is spoken."""
        channel = self.place(guild).text_channel
        if channel is None:
            return
        try:
            await self._platform.tell(channel, sentence(self.place(guild).language, key, **values))
        except Undeliverable as gone:
            log.warning("a channel could not be written to: %s", gone)

    async def _speak(self, guild: int, frames: Frames) -> bool:
        """Plays frames; goes back to the voice channel where the connection is lost meanwhile."""
        returns = 0
        while not frames.done:
            place, before = self.joined(guild), frames.read_frames
            if place is None or place.voice is None or returns > MOST_RETURNS:
                return False
            await place.voice.play(frames)
            if frames.done:
                break
            returns = 0 if frames.read_frames > before else returns + 1
            if (channel := place.voice_channel) is None:
                return False
            try:
                async with place.joining:
                    place.voice = await self._platform.join(guild, channel)
            except CannotJoin as error:
                log.warning("a voice channel could not be joined again: %s", error.missing)
                return False
        return True

    async def _gone(self, guild: int, key: str, count: int) -> None:
        """Tells that the bot is no longer in a voice channel, and how many texts are not spoken for it."""
        await self._out(guild)
        await self.tell(guild, key, count=count)
