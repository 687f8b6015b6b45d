"""The address of a request as every later part reads it: ASCII, and percent-encoded as UTF-8.

Browsers' address bars, `curl` and small devices send raw bytes, some of them Latin-1, and some percent-encode Latin-1.
"""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

RAW = re.compile(rb"[\x80-\xff]")
ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2}|[\x80-\xff])+")
"""Runs of encoded or raw bytes: a character beyond ASCII never reaches over their ends."""


def ascii_line(data: bytes) -> tuple[bytes, bool]:
    """The bytes read of a request line, and perhaps behind it, with the line's raw bytes percent-encoded.

    Also returns whether the line goes on in the next read. Parsers of HTTP refuse raw bytes in an address.
    """
    end = data.find(b"\n", 2)
    if end >= 0 and data[0] > 13 and data[:end].isascii():
        # As good as all of them are: nothing is copied.
        return data, False
    start = len(data) - len(data.lstrip(b"\r\n"))
    end = data.find(b"\n", start)
    line = data[:end] if end >= 0 else data
    if not line.isascii():
        line = RAW.sub(lambda raw: b"%%%02X" % raw[0][0], line)
    return (line + data[end:], False) if end >= 0 else (line, True)


def first_address(data: bytes) -> bytes | None:
    """The address in the first bytes of a request; None where they end before it does."""
    parts = data.split(b" ", 2)
    return parts[1] if len(parts) == 3 else None


def readable(address: bytes) -> bytes:
    """The same address with each run of bytes that is not UTF-8 read as Latin-1, and nothing raw beyond ASCII."""
    if address.isascii() and b"%" not in address:
        return address
    return ESCAPES.sub(_as_utf8, address)


def _as_utf8(run: re.Match[bytes]) -> bytes:
    text = unquote_to_bytes(run[0])
    try:
        text.decode()
    except UnicodeDecodeError:
        text = text.decode("latin-1").encode()
    else:
        if run[0].isascii():
            return run[0]
    return quote_from_bytes(text, safe="").encode()
