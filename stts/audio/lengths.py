"""True lengths for FLAC and MP3 files whose first bytes left before their length was known.

A stream begins with what can be said then. Where the whole file is kept, the header made here overwrites its first
bytes, so that every reader agrees with the number of samples that went in.
"""

from __future__ import annotations

import struct

FLAC_HEADER_BYTES = 42
"""The marker, and the block STREAMINFO with its own head, which always comes first (RFC 9639, 8.2)."""
_FLAC_TOTAL_AT = 18
"""Offset of a 64-bit field: sample rate, channels, bits a sample, and in the last 36 bits the number of samples."""
_FLAC_TOTAL_BITS = 36

MP3_DECODER_DELAY = 529
"""Samples that every MP3 decoder adds by itself; the delay written into a file is what the encoder added."""
_LAME_TAG_BYTES = 36
_LARGEST_PAD = 4095
"""Delay and padding have twelve bits each."""
_HAS_FRAMES_AND_BYTES = 3


def flac_header(start: bytes, samples: int) -> bytes:
    """The first bytes of a FLAC file, with its number of samples; as they are where 36 bits cannot hold it."""
    if samples >> _FLAC_TOTAL_BITS:
        return start
    (packed,) = struct.unpack_from(">Q", start, _FLAC_TOTAL_AT)
    packed = packed >> _FLAC_TOTAL_BITS << _FLAC_TOTAL_BITS | samples
    return start[:_FLAC_TOTAL_AT] + struct.pack(">Q", packed) + start[_FLAC_TOTAL_AT + 8 :]


class MP3Info:
    """The frame before the audio of an MP3 file that tells decoders what the encoder added at both ends.

    `open()` is for the start of a stream and tells the delay alone; `closed()` has the same size and tells all.
    """

    def __init__(self, first_packet: bytes, delay: int) -> None:
        """`first_packet`: of a stream of constant bit rate; `delay`: samples, including the decoder's own."""
        # Without the padding bit, so that the frame has a whole number of slots.
        self._head = first_packet[:2] + bytes([first_packet[2] & 0xFD]) + first_packet[3:4]
        self._size = len(first_packet) - (first_packet[2] >> 1 & 1)
        self._delay = delay - MP3_DECODER_DELAY

    def open(self) -> bytes:
        return self._frame(b"Info" + bytes(4), 0)

    def closed(self, samples: int, frames: int, audio_bytes: int) -> bytes:
        """`frames` of audio, of `audio_bytes` together, for `samples` that went in."""
        padding = min(max(frames * _frame_samples(self._head) - self._delay - samples, 0), _LARGEST_PAD)
        numbers = struct.pack(">4sIII", b"Info", _HAS_FRAMES_AND_BYTES, frames, self._size + audio_bytes)
        return self._frame(numbers, padding)

    def _frame(self, numbers: bytes, padding: int) -> bytes:
        delays = (self._delay << 12 | padding).to_bytes(3, "big")
        tag = b"LAME3.100" + bytes(12) + delays
        tag += bytes(_LAME_TAG_BYTES - len(tag) - 2)
        frame = self._head + bytes(_side_info_bytes(self._head)) + numbers + tag
        frame += _crc16(frame).to_bytes(2, "big")
        return frame + bytes(self._size - len(frame))


def _first_version(head: bytes) -> bool:
    """MPEG 1, which carries the rates from 32 kHz on."""
    return head[1] >> 3 & 3 == 3


def _frame_samples(head: bytes) -> int:
    return 1152 if _first_version(head) else 576


def _side_info_bytes(head: bytes) -> int:
    """Bytes between the head of a frame and the place where decoders look for `Info` (ISO 11172-3, 2.4.1.7)."""
    mono = head[3] >> 6 == 3
    return (17 if mono else 32) if _first_version(head) else (9 if mono else 17)


def _crc16(data: bytes) -> int:
    """CRC-16/ARC, as the tag ends with."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc
