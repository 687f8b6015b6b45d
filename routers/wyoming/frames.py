"""The framing of Wyoming: one line of JSON, then `data_length` bytes of JSON, then `payload_length` bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stts import __version__
from stts.errors import BodyTimeout, InvalidRequest, PayloadTooLarge

LINE_BYTES = 262_144
"""Longest line: clients may write their data, a text to speak included, into it."""
PAYLOAD_BYTES = 4_194_304
"""Most audio in one event: two minutes of 16 kHz."""


@dataclass(frozen=True, slots=True)
class Event:
    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""


def encoded(event: Event) -> bytes:
    """Bytes of an event on the wire; zero lengths are left out."""
    header: dict[str, Any] = {"type": event.type, "version": __version__}
    data = json.dumps(event.data).encode() if event.data else b""
    if data:
        header["data_length"] = len(data)
    if event.payload:
        header["payload_length"] = len(event.payload)
    return b"".join((json.dumps(header).encode(), b"\n", data, event.payload))


def packed(event: Event) -> bytes:
    """Bytes of an event as it is kept in the spool."""
    # JSON that is written so has no line break inside.
    return b"\n".join((json.dumps([event.type, event.data]).encode(), event.payload))


def unpacked(record: bytes) -> Event:
    head, _, payload = record.partition(b"\n")
    kind, data = json.loads(head)
    return Event(kind, data, payload)


async def read_event(
    reader: asyncio.StreamReader, *, data_bytes: int, idle_seconds: float, body_seconds: float
) -> Event | None:
    """The next event; None at the end of the stream. The reader's own limit is that of the line.

    Raises TimeoutError when no event comes for `idle_seconds`, and nothing is lost: it may be called again. Raises
    InvalidRequest, PayloadTooLarge and BodyTimeout, after which nothing sensible can be read.
    """
    try:
        async with asyncio.timeout(idle_seconds):
            line = await reader.readuntil(b"\n")
        return await _rest(reader, _json_object(line), data_bytes, body_seconds)
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise PayloadTooLarge("The line of an event is too long.") from None


async def _rest(reader: asyncio.StreamReader, header: Mapping[str, Any], data_bytes: int, body_seconds: float) -> Event:
    kind = header.get("type")
    if not isinstance(kind, str):
        raise InvalidRequest("An event needs a `type`.", param="type")
    data_length = _length(header, "data_length", data_bytes)
    payload_length = _length(header, "payload_length", PAYLOAD_BYTES)
    data = _inline_data(header)
    try:
        async with asyncio.timeout(body_seconds):
            if data_length:
                data |= _data(await reader.readexactly(data_length))
            return Event(kind, data, await reader.readexactly(payload_length))
    except TimeoutError:
        raise BodyTimeout("The rest of an event did not come in time.") from None


def _json_object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidRequest("An event begins with one line of JSON.") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The JSON of an event is an object.")
    return value


def _inline_data(header: Mapping[str, Any]) -> dict[str, Any]:
    data = header.get("data")
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise InvalidRequest("The data of an event is an object.", param="data")
    return dict(data)


def _data(text: bytes) -> dict[str, Any]:
    return {} if text.strip() == b"null" else _json_object(text)


def _length(header: Mapping[str, Any], name: str, most: int) -> int:
    length = header.get(name)
    if length is None:
        return 0
    if not isinstance(length, int) or isinstance(length, bool) or length < 0:
        raise InvalidRequest(f"{name} is a number of bytes.", param=name)
    if length > most:
        raise PayloadTooLarge(f"{name} is more than the {most} bytes allowed.", param=name)
    return length
