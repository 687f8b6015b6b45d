"""End-to-end encryption of voice (DAVE, version 1): what the voice gateway does for it, and a person's client.

The keys are agreed on by MLS (RFC 9420). The gateway has no part in them: it only says who comes and goes, by proposals
that it signs. Here one person is in the channel with the bot, whose client is a session of the library davey.
"""

from __future__ import annotations

import struct

import davey
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.clients.discord.places import APPLICATION, Person

EXTERNAL_SENDER, KEY_PACKAGE, PROPOSALS, COMMIT_WELCOME, ANNOUNCED = 25, 26, 27, 28, 29
"""Messages in bytes, by their operation."""
EXECUTE, TRANSITION_READY = 22, 23
VERSION, PUBLIC_MESSAGE, SUITE = 1, 1, 2
BY_GATEWAY, PROPOSAL, ADD, BASIC = 2, 2, 1, 1
APPEND = b"\0"
TRANSITION = 1
"""Number of the only change of keys."""


class Group:
    """The bot and one person, who share keys once the bot has let the person in."""

    def __init__(self, channel: int, person: Person) -> None:
        self.channel = channel
        self.person = person
        self.client = davey.DaveSession(VERSION, person.id, channel)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.client.set_external_sender(self.sender())
        self._package = self.client.get_serialized_key_package()

    @property
    def closed(self) -> bool:
        """Whether nobody else understands what is said."""
        return bool(self.client.ready)

    def sender(self) -> bytes:
        """The signer of proposals: a key, and a name."""
        form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        return _sized(self._key.public_key().public_bytes(*form)) + struct.pack(">H", BASIC) + _sized(b"gateway")

    def proposals(self) -> bytes:
        """The one proposal to let the person in, as an MLS message that the gateway signs."""
        group = _sized(struct.pack(">Q", self.channel)) + struct.pack(">Q", 0)
        sender = struct.pack(">BI", BY_GATEWAY, 0) + _sized(b"")
        content = group + sender + struct.pack(">BH", PROPOSAL, ADD) + self._package
        whole = struct.pack(">HH", VERSION, PUBLIC_MESSAGE) + content
        signed = _sized(b"MLS 1.0 FramedContentTBS") + _sized(whole)
        return APPEND + _sized(whole + _sized(self._key.sign(signed, ec.ECDSA(hashes.SHA256()))))

    def admitted(self, commit_welcome: bytes) -> bytes:
        """Lets the person in by the bot's welcome; returns the bot's commit, which stands before it."""
        for start in range(len(commit_welcome)):
            if _is_welcome(commit_welcome[start:]):
                self.client.process_welcome(commit_welcome[start:])
                return commit_welcome[:start]
        raise AssertionError("the bot let nobody in")

    def opened(self, frame: bytes) -> bytes:
        """A frame of the bot, as the person hears it."""
        return bytes(self.client.decrypt(APPLICATION, davey.MediaType.audio, frame)) if self.closed else frame

    def sealed(self, frame: bytes) -> bytes:
        return bytes(self.client.encrypt_opus(frame)) if self.closed else frame


def _sized(data: bytes) -> bytes:
    """A vector of MLS: its length, and it."""
    return (bytes([len(data)]) if len(data) < 64 else struct.pack(">H", 0x4000 | len(data))) + data


def _is_welcome(data: bytes) -> bool:
    """Whether these bytes are the suite and two vectors, and nothing more."""
    if data[:2] != struct.pack(">H", SUITE):
        return False
    place = 2
    for _ in range(2):
        if place + 2 > len(data):
            return False
        kind, (length,) = data[place] >> 6, struct.unpack_from(">H", data, place)
        place += 1 + data[place] if kind == 0 else 2 + (length & 0x3FFF)
    return place == len(data)
