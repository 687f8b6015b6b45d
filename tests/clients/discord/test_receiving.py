"""Packets of people in a voice channel, whichever of the two ways is faster: theirs, or the news whose they are."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

pytest.importorskip("davey")
from clients.discord.receiving import EARLY_PACKETS, MOST_EARLY, Receiver
from tests.clients.discord.transport import sealed

pytestmark = pytest.mark.clients
KEY = bytes(range(32))


class Heard:
    """A receiver, and what it hands on."""

    def __init__(self) -> None:
        connection = SimpleNamespace(secret_key=list(KEY), dave_session=None, dave_protocol_version=0)
        self.people: dict[int, int] = {}
        voice = SimpleNamespace(_connection=connection, people=self.people, loop=asyncio.get_running_loop())
        self.packets: list[tuple[int, bytes]] = []
        self.receiver = Receiver(voice, lambda person, packet: self.packets.append((person, packet)))

    async def take(self, source: int, *packets: bytes) -> None:
        for number, packet in enumerate(packets):
            self.receiver(sealed(packet, KEY, source, number))
        await asyncio.sleep(0)

    def tell(self, source: int, person: int) -> None:
        self.people[source] = person
        self.receiver.known(source)


async def test_what_comes_before_its_person_is_known_is_heard_first() -> None:
    heard = Heard()
    await heard.take(5, b"one", b"two")
    assert heard.packets == []
    heard.tell(5, 7)
    await heard.take(5, b"three")
    assert heard.packets == [(7, b"one"), (7, b"two"), (7, b"three")]


async def test_of_strangers_a_few_seconds_are_kept() -> None:
    heard = Heard()
    for source in range(MOST_EARLY + 1):
        await heard.take(source, *[b"%d" % number for number in range(EARLY_PACKETS + 1)])
    heard.tell(0, 7)
    heard.tell(MOST_EARLY, 8)
    assert heard.packets == [(7, b"%d" % number) for number in range(1, EARLY_PACKETS + 1)]


async def test_what_is_no_packet_of_speech_is_passed_over() -> None:
    heard = Heard()
    heard.tell(5, 7)
    heard.receiver(b"\x80\xc9" + bytes(20))
    heard.receiver(sealed(b"one", bytes(32), 5, 0))
    await heard.take(5, b"two")
    assert heard.packets == [(7, b"two")]
