"""Whole answers in memory: of texts whose audio is told in a JSON answer. All of one request have bounded room."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from stts.errors import PayloadTooLarge
from stts.speech import AudioChunk


class Room:
    """The bytes of audio that a request may still have."""

    def __init__(self, most: int, refusal: str, param: str | None = None) -> None:
        """`refusal`: what a client is told whose audio does not fit, and the field that it should change."""
        self._left = most
        self._refusal = refusal
        self._param = param

    def take(self, size: int) -> None:
        """Raises PayloadTooLarge."""
        if size > self._left:
            raise PayloadTooLarge(self._refusal, param=self._param)
        self._left -= size

    def give_back(self, size: int) -> None:
        self._left += size


async def whole_audio(chunks: AsyncGenerator[AudioChunk, None], room: Room) -> bytearray:
    """One file of all chunks, with its length in its header. Raises what the operation raises, and PayloadTooLarge.

    What failed or was left gives its room back.
    """
    data, header = bytearray(), b""
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                if chunk.retracts:
                    room.give_back(len(data))
                    data.clear()
                room.take(len(chunk.data))
                data += chunk.data
                header = chunk.header or header
    except BaseException:
        room.give_back(len(data))
        raise
    data[: len(header)] = header
    return data
