"""Audio in base64 within JSON: one object with all of it, or one a line.

Neither is made at once on the event loop: base64 needs no escaping, so it is encoded slice by slice between the parts
of the object before and behind it, and everybody else is served between two slices.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from pybase64 import b64encode
from starlette.types import Send

from routers.http.answer import Answer, Headers, send_sized
from routers.http.timed_speech import TimedAudio
from routers.http.whole_audio import Room
from stts.text.timing import TimedText

MOST_BYTES = 64_000_000
"""Audio of one object, all of which is in memory."""
NO_ROOM = f"The audio is longer than {MOST_BYTES} bytes: ask for mp3 or opus, for a streamed answer, or speak less."
SLICE_BYTES = 786_432
"""Audio that is encoded at once; a multiple of three, so that only the last slice is padded."""
LARGE_BYTES = 65_536
"""From here on a line is made in a thread."""

Told = TypeVar("Told")
Heard = AsyncGenerator[TimedAudio, None]
Rest = Mapping[str, Any]
"""The fields of an object behind its audio: at least one."""


def object_answer(
    heard: Heard,
    name: str,
    tell: Callable[[TimedText], Sequence[Told]],
    rest: Callable[[list[Told]], Rest],
    headers: Headers,
    room: Room,
) -> Answer:
    """One object with all audio under `name`, and behind it what `rest` makes of all that `tell` tells of the pieces.

    Refused with PayloadTooLarge once the audio does not fit into the room.
    """

    async def respond(send: Send) -> None:
        data, told = await _whole(heard, tell, room)
        end = await asyncio.to_thread(lambda: _end(rest(told)))
        size = len(_start(name)) + (len(data) + 2) // 3 * 4 + len(end)
        await send_sized(send, _slices(name, data, end), {**headers(), "content-length": str(size)}, size)

    return Answer(respond)


async def object_line(name: str, data: bytes, rest: Rest) -> bytes:
    """One object with its line feed."""
    if len(data) < LARGE_BYTES:
        return _line(name, data, rest)
    return await asyncio.to_thread(_line, name, data, rest)


async def _whole(heard: Heard, tell: Callable[[TimedText], Sequence[Told]], room: Room) -> tuple[bytearray, list[Told]]:
    data, header, told = bytearray(), b"", list[Told]()
    async with aclosing(heard):
        async for item in heard:
            if item.retracts:
                room.give_back(len(data))
                data.clear()
                told.clear()
            room.take(len(item.data))
            data += item.data
            header = item.header or header
            if item.times is not None:
                told += tell(item.times)
    data[: len(header)] = header
    return data, told


async def _slices(name: str, data: bytearray, end: bytes) -> AsyncGenerator[bytes, None]:
    yield _start(name)
    for part in _encoded(data):
        yield part
        # A client that takes all of it at once is no reason for others to wait.
        await asyncio.sleep(0)
    yield end


def _line(name: str, data: bytes, rest: Rest) -> bytes:
    return b"".join((_start(name), *_encoded(data), _end(rest), b"\n"))


def _encoded(data: bytes | bytearray) -> Iterator[bytes]:
    for start in range(0, len(data), SLICE_BYTES):
        yield b64encode(data[start : start + SLICE_BYTES])


def _start(name: str) -> bytes:
    return f'{{"{name}":"'.encode()


def _end(rest: Rest) -> bytes:
    return b'",' + json.dumps(rest, separators=(",", ":")).encode()[1:]
