"""Frames that are whole messages, read and written in one step each.

Nearly all of live audio comes as one: final, short, and alone in what a read brings. The library's parser reads a head
byte by byte, for frames may be cut anywhere, which costs more than all that is done with the message until the session
has it. What is anything else, and what is wrong, is left to the library to read and to answer.
"""

from __future__ import annotations

import struct
from typing import Any

from websockets.protocol import Protocol
from websockets.streams import StreamReader

try:
    from websockets.speedups import apply_mask
except ImportError:  # where it was built without a compiler
    from websockets.utils import apply_mask

TEXT, BINARY = 0x81, 0x82
"""First bytes of frames that are final, and of which no reserved bit is set."""
MASKED = 0x80
SHORT, LONG, LONGEST = 126, 1 << 16, 127
"""Lengths from which on there are two and eight bytes for it; 126 and 127 in its place say so."""
MASK_BYTES = 4
HEAD_BYTES = 2 + MASK_BYTES
"""Bytes of the shortest head."""

_two = struct.Struct("!BBH").pack
_eight = struct.Struct("!BBQ").pack


def whole_message(data: bytes, most: int) -> str | bytes | None:
    """The message of bytes that are one frame of a client; None where they are more, less or anything else.

    `most`: bytes of a message.
    """
    if not data or data[0] not in (TEXT, BINARY) or _length(data) != len(data):
        return None
    begin = MASK_BYTES + (4 if data[1] == MASKED | SHORT else 2)
    if len(data) - begin > most:
        return None
    message = apply_mask(data[begin:], data[begin - MASK_BYTES : begin])
    if data[0] == BINARY:
        return message
    try:
        return message.decode()
    except UnicodeDecodeError:
        return None


def whole_messages(data: memoryview, most: int, enough: int) -> tuple[list[str | bytes], memoryview]:
    """The messages of the whole frames that the data begins with, until `enough` bytes are through, and the rest."""
    messages, end = [], 0
    while end < enough and (length := _length(data[end : end + HEAD_BYTES])):
        message = whole_message(bytes(data[end : end + length]), most)
        if message is None:
            break
        messages.append(message)
        end += length
    return messages, data[end:]


def _length(data: bytes | memoryview) -> int:
    """Bytes of the frame that the data begins with; 0 where it is long, or not from a client, or its head is cut."""
    if len(data) < HEAD_BYTES:
        return 0
    length = data[1] - MASKED
    if length == SHORT:
        return 4 + MASK_BYTES + (data[2] << 8 | data[3])
    return 2 + MASK_BYTES + length if 0 <= length < SHORT else 0


def frame_of(message: str | bytes) -> bytes:
    """A message as a server sends it."""
    head, data = (TEXT, message.encode()) if isinstance(message, str) else (BINARY, message)
    length = len(data)
    if length < SHORT:
        return bytes((head, length)) + data
    return (_two(head, SHORT, length) if length < LONG else _eight(head, LONGEST, length)) + data


def awaits_frame(protocol: Protocol) -> bool:
    """True if the parser has read all that it was given, and has begun no frame; it does not tell by itself."""
    step: Any = protocol.parser
    while step.gi_yieldfrom is not None:
        step = step.gi_yieldfrom
    return step.gi_code is StreamReader.at_eof.__code__
