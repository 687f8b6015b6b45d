"""The bot in a voice channel: what it said of itself, what it sent, and what people there say."""

from __future__ import annotations

import asyncio
import secrets
import struct
from dataclasses import dataclass, field, replace
from itertools import count, pairwise

from aiohttp import web

from tests.clients.discord.changes import Changes
from tests.clients.discord.end_to_end import Group
from tests.clients.discord.places import BOT, Guild, Payload, Person
from tests.clients.discord.transport import SILENCE, NoVoice, Packet, opened, sealed

SPEAKING, CLIENTS, GONE = 5, 11, 13
sources = count(4_000)
"""Numbers of what sounds: SSRCs."""


@dataclass
class Call:
    """One voice session; another one begins where its token or its server changes."""

    guild: Guild
    channel: int
    session: str
    changes: Changes
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    source: int = field(default_factory=lambda: next(sources))
    connection: web.WebSocketResponse | None = None
    address: tuple[str, int] | None = None
    """From where its sound comes, and to where that of others goes."""
    datagrams: asyncio.DatagramTransport | None = None
    mode: str = ""
    packets: list[Packet] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Packets that were wrong, and how."""
    talks: list[int] = field(default_factory=list)
    """Whether it speaks, each time that it said so: 1 yes, 0 no."""
    acknowledged: list[int] = field(default_factory=list)
    """Numbers of our messages, as its heartbeats confirm them."""
    resumed: int = 0
    group: Group | None = None
    """Those who understand what is said, where it is encrypted from end to end."""
    secured: bool = False
    """Whether the bot has said that it uses the keys of the group."""
    _told: list[Payload] = field(default_factory=list)
    _people: dict[int, tuple[int, int]] = field(default_factory=dict)
    """SSRC of each person who spoke, and how many packets of theirs were sent."""

    async def tell(self, op: int, data: object) -> None:
        """A message that is numbered, and told again when the session is resumed."""
        content = {"op": op, "d": data, "seq": len(self._told) + 1}
        self._told.append(content)
        if self.connection is not None:
            await self.connection.send_json(content)

    async def tell_bytes(self, op: int, data: bytes) -> None:
        """The same of a message in bytes, which is not told again."""
        self._told.append({})
        assert self.connection is not None
        await self.connection.send_bytes(struct.pack(">HB", len(self._told), op) + data)

    async def tell_again(self, after: int) -> None:
        assert self.connection is not None
        for content in self._told[max(after, 0) :]:
            if content:
                await self.connection.send_json(content)

    async def close(self, code: int) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            await connection.close(code=code)

    async def says(self, person: Person, frames: list[bytes]) -> None:
        """Somebody in the channel speaks: their client says so, sends its frames and some silence."""
        assert self.datagrams is not None and self.address is not None
        if self.guild.voices[BOT.id]["self_deaf"]:
            return  # Discord sends no sound to who is deaf.
        known = person.id in self._people
        source, sent = self._people.setdefault(person.id, (next(sources), 0))
        if not known:
            await self.tell(CLIENTS, {"user_ids": [str(person.id)]})
        await self.tell(SPEAKING, {"user_id": str(person.id), "ssrc": source, "speaking": 1})
        for frame in [*frames, *[SILENCE] * 5]:
            if self.group is not None and frame != SILENCE:
                frame = self.group.sealed(frame)
            self.datagrams.sendto(sealed(frame, self.key, source, sent), self.address)
            sent += 1
            if sent % 50 == 0:
                await asyncio.sleep(0)  # A socket's buffer holds a second of speech, not all of a recording.
        self._people[person.id] = (source, sent)
        await self.tell(SPEAKING, {"user_id": str(person.id), "ssrc": source, "speaking": 0})

    def take(self, data: bytes, arrived: float) -> None:
        """A datagram of the bot."""
        try:
            packet = opened(data, self.key, arrived)
        except NoVoice as error:
            self.faults.append(str(error))
            return
        if self.group is not None:
            frame = self.group.opened(packet.frame)
            if self.secured and frame == packet.frame != SILENCE:
                self.faults.append("in the clear")
            packet = replace(packet, frame=frame)
        self.packets.append(packet)

    @property
    def frames(self) -> list[bytes]:
        """The Opus frames that the channel heard, without silence."""
        return [packet.frame for packet in self.packets if packet.frame != SILENCE]

    async def heard(self, frames: int = 1) -> list[bytes]:
        """Waits until so many frames were heard."""
        return await self.changes.until(lambda: self.frames if len(self.frames) >= frames else None) or []

    async def silent(self, talks: int = 1) -> list[bytes]:
        """Waits until it has said so often that it stops speaking, and the five frames of silence are there."""

        def stopped() -> bool:
            ended = [talk for before, talk in pairwise(self.talks) if before and not talk]
            return len(ended) >= talks and [packet.frame for packet in self.packets[-5:]] == [SILENCE] * 5

        await self.changes.until(stopped)
        return self.frames


def continuous(packets: list[Packet]) -> bool:
    """Whether nothing is missing or doubled: numbers and times go on by one frame, and no nonce comes twice."""
    return len({packet.counter for packet in packets}) == len(packets) and all(
        (later.sequence - former.sequence) & 0xFFFF == 1 and (later.timestamp - former.timestamp) & 0xFFFFFFFF == 960
        for former, later in pairwise(packets)
    )
