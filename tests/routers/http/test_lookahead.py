from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from routers.http.lookahead import MOST_BYTES, Lookahead
from stts.errors import EngineError
from stts.speech import RETRACTION, AudioChunk
from stts.streams.hold import Hold
from tests.virtual import virtual


class Paced:
    """A stream whose chunks come at the seconds given; a negative one is an engine that breaks."""

    def __init__(self, *seconds: float, size: int = 1) -> None:
        self.closed = False
        self._seconds = seconds
        self._size = size

    async def chunks(self) -> AsyncGenerator[AudioChunk, None]:
        try:
            for number, each in enumerate(self._seconds):
                await asyncio.sleep(abs(each))
                if each < 0:
                    raise EngineError("broken")
                yield AudioChunk(bytes([number]) * self._size, 0.1)
        finally:
            self.closed = True


async def looked(paced: Paced, timeout_seconds: float) -> tuple[bool, float, list[int]]:
    """True if that was all, after how many seconds that was known, and what came."""
    clock = asyncio.get_running_loop().time
    started = clock()
    async with aclosing(Lookahead(paced.chunks(), Hold())) as lookahead:
        complete = await lookahead.look(lambda: timeout_seconds)
        seconds = clock() - started
        return complete, seconds, [chunk.data[0] async for chunk in lookahead.chunks()]


@pytest.mark.parametrize(
    ("seconds", "timeout_seconds", "complete", "known"),
    [
        ((5.0, 0.1, 0.1), 0.25, True, 5.2),
        ((5.0, 0.1, 0.2), 0.25, False, 5.25),
        ((5.0, 1.0), 0.0, False, 5.0),
        ((5.0,), 0.0, False, 5.0),
        ((), 0.0, True, 0.0),
    ],
)
@virtual
async def test_the_first_chunk_is_waited_for_and_the_others_for_a_moment(
    seconds: tuple[float, ...], timeout_seconds: float, complete: bool, known: float
) -> None:
    paced = Paced(*seconds)
    whole, after, chunks = await looked(paced, timeout_seconds)
    assert whole == complete
    assert after == pytest.approx(known)
    assert chunks == list(range(len(seconds)))
    assert paced.closed


@virtual
async def test_a_chunk_that_ends_the_answer_is_known_to_be_all_of_it() -> None:
    async def stream() -> AsyncGenerator[AudioChunk, None]:
        yield AudioChunk(b"all", 0.1, ends=True)
        await asyncio.sleep(1.0)

    async with aclosing(Lookahead(stream(), Hold())) as lookahead:
        assert await lookahead.look(lambda: 0.0)
        assert [chunk.data async for chunk in lookahead.chunks()] == [b"all"]


@virtual
async def test_what_breaks_behind_the_last_chunk_is_an_error() -> None:
    async def stream() -> AsyncGenerator[AudioChunk, None]:
        yield AudioChunk(b"all", 0.1, ends=True)
        raise EngineError("broken")

    async with aclosing(Lookahead(stream(), Hold())) as lookahead:
        with pytest.raises(EngineError):
            await lookahead.look(lambda: 0.0)


@virtual
async def test_more_than_may_be_held_goes_on_as_a_stream() -> None:
    paced = Paced(*[0.0] * 5, size=MOST_BYTES // 2)
    complete, _, chunks = await looked(paced, 60.0)
    assert not complete
    assert chunks == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("seconds", [(-1.0,), (0.0, -0.1)])
@virtual
async def test_what_breaks_meanwhile_is_an_error_before_anything_is_sent(seconds: tuple[float, ...]) -> None:
    paced = Paced(*seconds)
    with pytest.raises(EngineError):
        await looked(paced, 1.0)
    assert paced.closed


@virtual
async def test_a_client_that_leaves_closes_the_stream() -> None:
    paced = Paced(0.0, 100.0)
    lookahead = Lookahead(paced.chunks(), Hold())
    assert not await lookahead.look(lambda: 0.1)
    await lookahead.aclose()
    assert paced.closed


@virtual
async def test_what_is_taken_back_is_not_sent_and_the_rest_is_waited_for_anew() -> None:
    hold = Hold()

    async def chunks() -> AsyncGenerator[AudioChunk, None]:
        yield AudioChunk(b"a", 0.1)
        await asyncio.sleep(0.2)
        assert hold.take_back()
        await asyncio.sleep(0.2)  # A stage between the two takes its time.
        yield RETRACTION
        await asyncio.sleep(5.0)
        yield AudioChunk(b"b", 0.1)
        await asyncio.sleep(0.3)
        assert not hold.take_back()
        yield AudioChunk(b"c", 0.1)

    async with aclosing(Lookahead(chunks(), hold)) as lookahead:
        assert not await lookahead.look(lambda: 0.25)
        assert not hold.kept
        assert [chunk.data async for chunk in lookahead.chunks()] == [b"b", b"c"]


@virtual
async def test_all_of_an_answer_that_was_made_anew() -> None:
    hold = Hold()

    async def chunks() -> AsyncGenerator[AudioChunk, None]:
        yield AudioChunk(b"a", 0.1)
        assert hold.take_back()
        yield RETRACTION
        yield AudioChunk(b"b", 0.1)

    async with aclosing(Lookahead(chunks(), hold)) as lookahead:
        assert await lookahead.look(lambda: 0.25)
        assert [chunk.data async for chunk in lookahead.chunks()] == [b"b"]
