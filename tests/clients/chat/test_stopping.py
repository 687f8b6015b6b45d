"""A program runs until it is stopped or fails, and nothing of it goes on after that."""

from __future__ import annotations

import asyncio

import pytest

from clients.chat.stopping import until_stopped


class Part:
    """Listens until it is cancelled, or ends as it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun, self.ended = asyncio.Event(), asyncio.Event()
        self.go_on = asyncio.Event()
        self._error = error

    async def run(self) -> None:
        try:
            self.begun.set()
            await self.go_on.wait()
            if self._error is not None:
                raise self._error
        finally:
            self.ended.set()


async def test_what_is_done_at_the_end_is_done_while_it_listens() -> None:
    part, stop = Part(), asyncio.Event()
    listened: list[bool] = []

    async def ending() -> None:
        listened.append(not part.ended.is_set())

    running = asyncio.create_task(until_stopped(part.run(), stop=stop, ending=ending))
    await part.begun.wait()
    stop.set()
    await running
    assert listened == [True] and part.ended.is_set()


async def test_the_part_that_fails_ends_the_others_and_is_told() -> None:
    failing, other = Part(ValueError("no")), Part()
    running = asyncio.create_task(until_stopped(other.run(), failing.run(), stop=asyncio.Event()))
    await other.begun.wait()
    failing.go_on.set()
    with pytest.raises(ValueError, match="no"):
        await running
    assert other.ended.is_set()


async def test_who_is_cancelled_leaves_nothing_behind() -> None:
    part = Part()
    running = asyncio.create_task(until_stopped(part.run(), stop=asyncio.Event()))
    await part.begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert part.ended.is_set()
