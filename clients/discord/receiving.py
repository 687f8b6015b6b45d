"""Speech of people in a voice channel, out of the packets that Discord sends: RTP, decrypted, as Opus."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import davey
from nacl.exceptions import CryptoError
from nacl.secret import Aead

from clients.discord.ogg import SILENCE

HEADER_BYTES = 12
OPUS = 0x78
"""The payload type that Discord gives Opus."""
_EXTENSION_HEAD = 4
_NONCE = 4
"""Bytes of the nonce that come with a packet (`aead_xchacha20_poly1305_rtpsize`)."""
MOST_EARLY, EARLY_PACKETS = 25, 150
"""Sources of whom nothing is known yet, and packets of each (three seconds) that are kept until it is."""


class Undecipherable(Exception):
    """A packet is none of speech, or cannot be read."""


def opus_of(packet: bytes, key: bytes) -> tuple[int, bytes]:
    """The source (SSRC) and the Opus packet, still encrypted end to end where people do that. Raises Undecipherable."""
    if len(packet) < HEADER_BYTES or packet[0] >> 6 != 2 or packet[1] & 0x7F != OPUS:
        raise Undecipherable
    extended, padded = bool(packet[0] & 0x10), bool(packet[0] & 0x20)
    head = HEADER_BYTES + 4 * (packet[0] & 0x0F)
    extension = 0
    if extended:
        # The head of the extension is in the clear, and its body is encrypted.
        extension = 4 * int.from_bytes(packet[head + 2 : head + _EXTENSION_HEAD], "big")
        head += _EXTENSION_HEAD
    if len(packet) <= head + _NONCE:
        raise Undecipherable
    nonce = packet[-_NONCE:] + bytes(24 - _NONCE)
    try:
        content = Aead(key).decrypt(packet[head:-_NONCE], packet[:head], nonce)
    except (CryptoError, ValueError):
        raise Undecipherable from None
    content = content[extension:]
    if padded and content:
        content = content[: -content[-1]]
    return int.from_bytes(packet[8:HEADER_BYTES], "big"), content


class Receiver:
    """Tells people's Opus packets apart. `voice`: the connection that they come by."""

    def __init__(self, voice: Any, heard: Callable[[int, bytes], None]) -> None:
        self._voice = voice
        self._heard = heard
        self._early: dict[int, deque[bytes]] = {}
        """Packets that came before Discord told whose they are, by their source."""

    def __call__(self, packet: bytes) -> None:
        """Takes a packet, in the thread that reads them; hands on what somebody says, in the thread of the loop."""
        try:
            source, opus = opus_of(packet, bytes(self._voice._connection.secret_key))
        except (Undecipherable, ValueError, TypeError):
            return
        self._voice.loop.call_soon_threadsafe(self._take, source, opus)

    def known(self, source: int) -> None:
        """Hands on what came before it was told whose it is: that comes by another way, and may be later."""
        for opus in self._early.pop(source, ()):
            self._take(source, opus)

    def _take(self, source: int, opus: bytes) -> None:
        person = self._voice.people.get(source)
        if person is not None:
            self._hand_on(person, opus)
        elif source in self._early or len(self._early) < MOST_EARLY:
            self._early.setdefault(source, deque(maxlen=EARLY_PACKETS)).append(opus)

    def _hand_on(self, person: int, opus: bytes) -> None:
        state = self._voice._connection
        try:
            if state.dave_session is not None and state.dave_protocol_version:
                opus = state.dave_session.decrypt(person, davey.MediaType.audio, opus)
        except (ValueError, RuntimeError, TypeError):
            return
        if opus and opus != SILENCE:
            self._heard(person, bytes(opus))
