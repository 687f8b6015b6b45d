"""Opus packets out of Ogg while it comes, and into Ogg (RFC 3533, RFC 7845, RFC 6716)."""

from __future__ import annotations

from collections.abc import Sequence

FRAME_MS = 20
SAMPLES = 960
"""Samples of 20 ms at the 48 kHz in which Opus counts."""
SILENCE = b"\xf8\xff\xfe"
"""20 ms of silence, as Discord wants it where nothing is said."""

_PAGE = b"OggS"
_HEAD_BYTES = 27
_CONTINUED = 1
_FIRST, _LAST = 2, 4
_HEADERS = (b"OpusHead", b"OpusTags")
LARGEST_PACKET = 1275
"""Bytes of 20 ms of Opus, at most."""
_IN_A_PAGE = 40
"""Packets in a page that is written: the largest take six of its 255 lengths each."""


class NoOpus(ValueError):
    """These bytes are no Ogg/Opus, or not with packets of 20 ms."""


class OpusPackets:
    """Takes bytes of one Ogg stream, cut anywhere, and returns the packets that are whole."""

    def __init__(self) -> None:
        self._rest = b""
        self._packet = b""
        """The begin of a packet that goes on in the next page."""
        self._headers = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Returns the audio packets that these bytes complete. Raises NoOpus."""
        self._rest += data
        packets: list[bytes] = []
        while (size := self._page_bytes()) is not None:
            page, self._rest = self._rest[:size], self._rest[size:]
            packets += self._packets(page)
        return packets

    def _page_bytes(self) -> int | None:
        """The size of the next page; None: it is not whole yet."""
        rest = self._rest
        if rest[:4] != _PAGE[: len(rest)]:
            raise NoOpus("no page of Ogg")
        if len(rest) < _HEAD_BYTES or len(rest) < (body := _HEAD_BYTES + rest[26]):
            return None
        size = body + sum(rest[_HEAD_BYTES:body])
        return size if len(rest) >= size else None

    def _packets(self, page: bytes) -> list[bytes]:
        body = _HEAD_BYTES + page[26]
        if not page[5] & _CONTINUED:
            self._packet = b""
        packets: list[bytes] = []
        place = body
        for length in page[_HEAD_BYTES:body]:
            self._packet += page[place : place + length]
            place += length
            if length < 255:
                packets += self._complete()
        return packets

    def _complete(self) -> list[bytes]:
        packet, self._packet = self._packet, b""
        if self._headers < len(_HEADERS):
            if not packet.startswith(_HEADERS[self._headers]):
                raise NoOpus("no header of Opus")
            self._headers += 1
            return []
        if packet and milliseconds(packet) != FRAME_MS:
            raise NoOpus(f"packets of {milliseconds(packet):g} ms")
        return [packet] if packet else []


def milliseconds(packet: bytes) -> float:
    """How long an Opus packet lasts, by its first bytes (RFC 6716, 3.1)."""
    config, code = packet[0] >> 3, packet[0] & 3
    if config < 12:
        frame = (10.0, 20.0, 40.0, 60.0)[config & 3]
    elif config < 16:
        frame = (10.0, 20.0)[config & 1]
    else:
        frame = (2.5, 5.0, 10.0, 20.0)[config & 3]
    frames = (1, 2, 2, packet[1] & 63 if len(packet) > 1 else 0)[code]
    return frame * frames


def ogg(packets: Sequence[bytes], channels: int = 2) -> bytes:
    """Packets of 20 ms as a file of Ogg/Opus."""
    head = b"OpusHead" + bytes([1, channels]) + (0).to_bytes(2, "little") + (48_000).to_bytes(4, "little") + bytes(3)
    tags = b"OpusTags" + (4).to_bytes(4, "little") + b"stts" + bytes(4)
    pages = [_page([head], 0, 0, _FIRST), _page([tags], 0, 1, 0)]
    for start in range(0, len(packets), _IN_A_PAGE):
        part = packets[start : start + _IN_A_PAGE]
        position = (start + len(part)) * SAMPLES
        flags = _LAST if start + _IN_A_PAGE >= len(packets) else 0
        pages.append(_page(part, position, len(pages), flags))
    return b"".join(pages)


def _page(packets: Sequence[bytes], position: int, number: int, flags: int) -> bytes:
    lacing = b"".join(bytes([255]) * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    head = _PAGE + bytes([0, flags]) + position.to_bytes(8, "little") + bytes(4) + number.to_bytes(4, "little")
    head += bytes(4) + bytes([len(lacing)]) + lacing
    page = bytearray(head + b"".join(packets))
    page[22:26] = _checksum(page).to_bytes(4, "little")
    return bytes(page)


def _table() -> list[int]:
    table = []
    for index in range(256):
        value = index << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    return table


_TABLE = _table()


def _checksum(page: bytearray) -> int:
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ _TABLE[(value >> 24) ^ byte]
    return value
