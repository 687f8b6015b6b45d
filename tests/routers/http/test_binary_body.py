from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from routers.http.binary_body import MEMORY_BYTES, spooled
from stts.errors import InvalidRequest


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_a_recording_with_what_stands_before_it() -> None:
    told: list[bytes] = []
    audio = await spooled(pieces(b"", b"ab", b"", b"cd"), before=lambda head: b"<" + head + b">", on_chunk=told.append)
    with audio.file:
        assert (audio.file.read(), audio.size, told) == (b"<ab>abcd", 8, [b"ab", b"cd"])


async def test_a_long_one_goes_to_the_disk() -> None:
    chunk = bytes(MEMORY_BYTES)
    audio = await spooled(pieces(chunk, chunk), before=lambda head: b"", on_chunk=len)  # type: ignore[arg-type]
    with audio.file:
        assert audio.size == 2 * MEMORY_BYTES and audio.file.read() == chunk + chunk


async def test_nothing() -> None:
    with pytest.raises(InvalidRequest, match="no body"):
        await spooled(pieces(b""), before=lambda head: b"", on_chunk=lambda chunk: None)
