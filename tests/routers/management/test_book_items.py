"""Books are read by threads of their own, a bounded number at once, and no longer than somebody waits."""

from __future__ import annotations

import asyncio
import io
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import BinaryIO, cast

import pytest

from routers.http.workers import Workers
from routers.management import book_items
from routers.management.book_items import opened_book
from stts.errors import Busy, UnreadableBook
from stts.storage.files.records import Checkpoint
from tests.patient import PATIENCE

BOOK = b"# One\n\nWords.\n\nMore words.\n"


class HeldFile(io.BytesIO):
    """A book whose reading waits until it may go on."""

    def __init__(self) -> None:
        super().__init__(BOOK)
        self.begun = threading.Event()
        self.may = threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        self.begun.set()
        self.may.wait(PATIENCE)
        return super().read(size)


async def test_a_book_is_read_while_the_threads_that_all_share_are_taken() -> None:
    may = threading.Event()
    shared = ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(shared)
    taken = asyncio.ensure_future(asyncio.to_thread(may.wait, PATIENCE))
    try:
        book = await opened_book(io.BytesIO(BOOK), "a.md", most_paragraphs=10)
        assert not taken.done() and len(book.chapters[0].paragraphs) == 3
    finally:
        may.set()
        await taken


async def test_books_that_are_read_at_once_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_items, "READERS", Workers("test", threads=1, queue_length=0))
    held = HeldFile()
    first = asyncio.ensure_future(opened_book(cast("BinaryIO", held), "a.md", most_paragraphs=10))
    assert await asyncio.to_thread(held.begun.wait, PATIENCE)
    with pytest.raises(Busy):
        await opened_book(io.BytesIO(BOOK), "a.md", most_paragraphs=10)
    held.may.set()
    assert (await first).info.title == "One"


async def test_a_book_that_nobody_waits_for_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[BaseException | None] = []
    ended = threading.Event()

    class Watched(Workers):
        async def run(self, call):  # type: ignore[no-untyped-def]
            def watched(checkpoint: Checkpoint) -> object:
                try:
                    return call(checkpoint)
                except CancelledError as error:
                    ends.append(error)
                    raise
                finally:
                    ended.set()

            return await super().run(watched)

    monkeypatch.setattr(book_items, "READERS", Watched("test", threads=1, queue_length=0))
    held = HeldFile()
    reading = asyncio.ensure_future(opened_book(cast("BinaryIO", held), "a.md", most_paragraphs=10))
    assert await asyncio.to_thread(held.begun.wait, PATIENCE)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    held.may.set()
    assert await asyncio.to_thread(ended.wait, PATIENCE)
    assert len(ends) == 1


async def test_paragraphs_are_bounded() -> None:
    with pytest.raises(UnreadableBook, match="more than 2 paragraphs"):
        await opened_book(io.BytesIO(BOOK), "a.md", most_paragraphs=2)
