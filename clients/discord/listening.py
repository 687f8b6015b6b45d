"""Ears of the bot: what people say in a voice channel is cut at their pauses, heard by the server, and written down."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from clients.chat.queues import ChatQueues
from clients.chat.speech import ServerFailed, SpeechServer
from clients.discord.ogg import FRAME_MS, LARGEST_PACKET, ogg
from clients.discord.platform import Platform, Undeliverable, Voice
from clients.discord.speaking import log_fault, subject
from clients.discord.texts import sentence

PAUSE_SECONDS = 0.8
"""Discord's programs send nothing while nobody speaks: after so long an utterance is over."""
LONGEST_MS, SHORTEST_MS = 30_000, 300
WAITING = 20
"""Utterances of a guild that wait for the server."""
MOST_PEOPLE = 100
MESSAGE_CHARACTERS = 1900
_MARKS = re.compile(r"([*_~`|>#\\\[\]<])")

log = logging.getLogger("stts.bot")


@dataclass(slots=True)
class _Said:
    """Packets of one person until a pause."""

    packets: list[bytes] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class _Listening:
    voice: Voice
    channel: int
    unaware: set[int] = field(default_factory=set)
    """People who came and were not told yet: they are not heard."""
    said: dict[int, _Said] = field(default_factory=dict)


class Ears:
    """`language`: that of a guild, in which it is told what failed."""

    def __init__(self, platform: Platform, server: SpeechServer, language: Callable[[int], str]) -> None:
        self._platform = platform
        self._server = server
        self._language = language
        self._guilds: dict[int, _Listening] = {}
        self._coming: dict[int, set[int]] = {}
        """People who came while it was announced, by guild."""
        self._failing: set[int] = set()
        """Guilds that were told that the server does not hear."""
        self._queues = ChatQueues(self._fault, waiting=WAITING)
        self._behind: set[int] = set()
        """Guilds that were told that the server cannot keep up."""

    def listens(self, guild: int) -> bool:
        return guild in self._guilds

    def expect(self, guild: int) -> None:
        """Keeps who comes from now on: they have not heard all of what is being announced."""
        self._coming[guild] = set()

    def expect_not(self, guild: int) -> None:
        self._coming.pop(guild, None)

    def comes(self, guild: int, person: int) -> bool:
        """Does not hear somebody who came, until they were told; False: nobody is heard there, nor will be."""
        listening = self._guilds.get(guild)
        unaware = listening.unaware if listening else self._coming.get(guild)
        if unaware is None:
            return False
        unaware.add(person)
        return True

    def aware(self, guild: int, person: int) -> None:
        if listening := self._guilds.get(guild):
            listening.unaware.discard(person)

    async def start(self, guild: int, voice: Voice, channel: int) -> None:
        """Hears what is said in a guild's voice channel, and writes it into a text channel."""
        self._guilds[guild] = _Listening(voice, channel, self._coming.pop(guild, set()))
        await voice.hear(lambda person, packet: self._hear(guild, person, packet))

    async def stop(self, guild: int) -> bool:
        """Hears nothing more; what was said is still written down. False: it did not listen."""
        listening = self._guilds.pop(guild, None)
        if listening is None:
            return False
        for person in list(listening.said):
            self._over(guild, listening, person)
        await listening.voice.hear(None)
        return True

    async def close(self, seconds: float) -> None:
        for guild in list(self._guilds):
            await self.stop(guild)
        await self._queues.close(seconds)

    def _hear(self, guild: int, person: int, packet: bytes) -> None:
        listening = self._guilds.get(guild)
        if listening is None or person in listening.unaware or not packet or len(packet) > LARGEST_PACKET:
            return
        if person not in listening.said and len(listening.said) >= MOST_PEOPLE:
            return
        said = listening.said.setdefault(person, _Said())
        said.packets.append(packet)
        if said.timer is not None:
            said.timer.cancel()
        if len(said.packets) * FRAME_MS >= LONGEST_MS:
            self._over(guild, listening, person)
        else:
            loop = asyncio.get_running_loop()
            said.timer = loop.call_later(PAUSE_SECONDS, self._over, guild, listening, person)

    def _over(self, guild: int, listening: _Listening, person: int) -> None:
        """Ends an utterance: the server hears it in its turn."""
        said = listening.said.pop(person, None)
        if said is None:
            return
        if said.timer is not None:
            said.timer.cancel()
        if len(said.packets) * FRAME_MS < SHORTEST_MS:
            return

        async def write() -> None:
            await self._write(guild, listening.channel, person, said.packets)

        if not self._queues.put(guild, write):
            # Told with what is written next, once.
            self._behind.add(guild)

    async def _write(self, guild: int, channel: int, person: int, packets: list[bytes]) -> None:
        audio = await asyncio.to_thread(ogg, packets)
        lines: list[str] = []
        try:
            if text := await self._server.transcribe(audio, None, subject(person)):
                name = _plain(self._platform.person_name(guild, person))
                lines.append(f"**{name}**: {_plain(text)[:MESSAGE_CHARACTERS]}")
            self._failing.discard(guild)
        except ServerFailed as failure:
            log.warning("the speech server did not hear it: %s %s", failure.cause, failure.code)
            # Told once, until it works again.
            if guild not in self._failing:
                self._failing.add(guild)
                lines.append(sentence(self._language(guild), "listening_failed"))
        if guild in self._behind:
            self._behind.discard(guild)
            lines.append(sentence(self._language(guild), "listening_behind"))
        try:
            for line in lines:
                await self._platform.tell(channel, line)
        except Undeliverable as gone:
            log.warning("a channel could not be written to: %s", gone)

    async def _fault(self, guild: int, error: BaseException) -> None:
        log_fault(error)


def _plain(text: str) -> str:
    """A text in which nothing is markup."""
    return _MARKS.sub(r"\\\1", text)
