"""The first item of an attempt is waited for as long as it is said; what is given up ends in the background."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from adapters.fallback.attempt import END, Attempt, Leftovers, Overdue
from tests.virtual import now, virtual


class Stream:
    """Says its first item after a while, and takes a while to end."""

    def __init__(self, first: float, ending: float = 0.0) -> None:
        self._first, self._ending = first, ending
        self.freed = asyncio.Event()
        self.closed_at: float | None = None

    async def items(self) -> AsyncGenerator[int, None]:
        try:
            await asyncio.sleep(self._first)
            yield 1
            yield 2
        finally:
            try:
                async with asyncio.timeout(self._ending or None):
                    await self.freed.wait() if self._ending else None
            except TimeoutError:
                pass
            self.closed_at = now()

    async def force(self) -> None:
        self.freed.set()


@virtual
async def test_items_come_in_order() -> None:
    async with aclosing(Attempt(Stream(1.0).items())) as attempt:
        assert [await attempt.within(lambda: 5.0), await attempt.next(), await attempt.next()] == [1, 2, END]


@virtual
async def test_it_is_asked_again_how_long_to_wait() -> None:
    waits = iter([2.0, 3.0, 5.0])
    async with aclosing(Attempt(Stream(8.0).items())) as attempt:
        assert await attempt.within(lambda: next(waits)) == 1
    assert now() == 8.0


@virtual
async def test_what_is_given_up_ends_in_the_background() -> None:
    stream, leftovers = Stream(100.0, ending=3.0), Leftovers()
    waits = iter([2.0, 0.0])
    async with aclosing(Attempt(stream.items())) as attempt:
        with pytest.raises(Overdue):
            await attempt.within(lambda: next(waits))
        attempt.give_up(leftovers, stream.force, 20.0)
    assert (now(), len(leftovers), stream.closed_at) == (2.0, 1, None)
    await leftovers.close()
    assert (stream.closed_at, len(leftovers)) == (5.0, 0)


@virtual
async def test_what_does_not_end_is_ended_by_force() -> None:
    stream, leftovers = Stream(100.0, ending=1000.0), Leftovers()
    async with aclosing(Attempt(stream.items())) as attempt:
        with pytest.raises(Overdue):
            await attempt.within(iter([1.0, 0.0]).__next__)
        attempt.give_up(leftovers, stream.force, 20.0)
    await leftovers.close()
    assert stream.closed_at == 21.0


@virtual
async def test_a_client_that_leaves_ends_it_at_once() -> None:
    stream = Stream(100.0)
    attempt = Attempt(stream.items())
    waiting = asyncio.ensure_future(attempt.within(lambda: 50.0))
    await asyncio.sleep(1.0)
    waiting.cancel()
    await asyncio.wait([waiting])
    await attempt.aclose()
    assert stream.closed_at == 1.0


@virtual
async def test_an_error_of_the_first_item_is_raised() -> None:
    async def broken() -> AsyncGenerator[int, None]:
        await asyncio.sleep(1.0)
        raise ValueError
        yield 1

    async with aclosing(Attempt(broken())) as attempt:
        with pytest.raises(ValueError):
            await attempt.within(lambda: 5.0)
