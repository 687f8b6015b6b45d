"""Voice as it crosses the wire: RTP, of which the header is read by all and the sound by those who have the key."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as encrypt
from nacl.exceptions import CryptoError

MODE = "aead_xchacha20_poly1305_rtpsize"
MODES = ("aead_aes256_gcm_rtpsize", MODE)
"""Ways of encryption that Discord offers, the faster first; discord.py takes the other."""
HEADER = struct.Struct(">BBHII")
NONCE_BYTES, COUNTER_BYTES, EXTENSION_BYTES = 24, 4, 4
VERSION, HAS_EXTENSION, OPUS = 0x80, 0x10, 0x78
SILENCE = b"\xf8\xff\xfe"
"""An Opus frame of which five end each talk, so that decoders do not go on guessing."""
FRAME_SAMPLES = 960
"""20 ms at 48 kHz."""


class NoVoice(Exception):
    """The datagram is no packet of the sender, or was changed on its way."""


@dataclass(frozen=True, slots=True)
class Packet:
    sequence: int
    timestamp: int
    source: int
    """SSRC of the sound."""
    frame: bytes
    """Opus."""
    counter: bytes
    """The bytes that make the nonce of each packet another one."""
    arrived: float


def source_of(data: bytes) -> int:
    if len(data) < HEADER.size or data[0] >> 6 != 2:
        raise NoVoice("no RTP")
    return int(HEADER.unpack_from(data)[4])


def opened(data: bytes, key: bytes, arrived: float = 0.0) -> Packet:
    """Raises NoVoice."""
    first, kind, sequence, timestamp, source = HEADER.unpack_from(data)
    if kind & 0x7F != OPUS:
        raise NoVoice(f"payload type {kind & 0x7F}")
    clear = HEADER.size + (EXTENSION_BYTES if first & HAS_EXTENSION else 0)
    counter = data[-COUNTER_BYTES:]
    try:
        sound = decrypt(data[clear:-COUNTER_BYTES], data[:clear], _nonce(counter), key)
    except CryptoError as error:
        raise NoVoice("sealed with another key") from error
    return Packet(sequence, timestamp, source, sound, counter, arrived)


def sealed(frame: bytes, key: bytes, source: int, index: int) -> bytes:
    """The packet with this frame, at this place of a talk, as people's clients send them: with a header extension,
    whose length is in the clear and whose words are not."""
    header = HEADER.pack(VERSION | HAS_EXTENSION, OPUS, index & 0xFFFF, index * FRAME_SAMPLES & 0xFFFFFFFF, source)
    header += struct.pack(">HH", 0xBEDE, 1)
    counter = struct.pack(">I", index)
    level = b"\x10\xff\x00\x00"
    secret: bytes = encrypt(level + frame, header, _nonce(counter), key)
    return header + secret + counter


def _nonce(counter: bytes) -> bytes:
    return counter.ljust(NONCE_BYTES, b"\0")
