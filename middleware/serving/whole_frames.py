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

_two = struct.Struct("!BBH").pack
_eight = struct.Struct("!BBQ").pack


def whole_message(data: bytes, most: int) -> str | bytes | None:
    """The message of bytes that are one frame of a client; None where they are more, less or anything else.

    `most`: bytes of a message.
    """
    if len(data) < 2 + MASK_BYTES:
        return None
    length, begin = data[1] - MASKED, 2 + MASK_BYTES
    if length == SHORT:
        length, begin = data[2] << 8 | data[3], 4 + MASK_BYTES
    elif not 0 <= length < SHORT:
        return None
    if len(data) != begin + length or length > most:
        return None
    if data[0] == BINARY:
        return apply_mask(data[begin:], data[begin - MASK_BYTES : begin])
    if data[0] == TEXT:
        try:
            return apply_mask(data[begin:], data[begin - MASK_BYTES : begin]).decode()
        except UnicodeDecodeError:
            return None
    return None


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
