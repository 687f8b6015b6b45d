"""Books are bound once and a bounded number at a time, whoever waits, leaves or asks again."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from routers.http import binder as binders
from routers.http.binder import Bind, Binder, TellPart
from stts.errors import Busy, Conflict, NotCompleteYet
from stts.storage.batch_files import BatchFiles
from stts.storage.files.records import Checkpoint
from tests.patient import PATIENCE


class Book:
    """A file whose making waits until it may go on."""

    def __init__(self, *, fails: bool = False) -> None:
        self.begun, self.may, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.times = 0
        self._fails = fails

    async def prepare(self) -> Bind:
        return self._bind

    def _bind(self, target: Path, checkpoint: Checkpoint, tell: TellPart) -> None:
        self.times += 1
        tell(0.25)
        self.begun.set()
        try:
            while not self.may.wait(0.01):
                checkpoint()
            if self._fails:
                raise Conflict("It is damaged.")
            target.write_bytes(b"book")
        finally:
            self.ended.set()

    async def has(self, event: threading.Event) -> None:
        assert await asyncio.to_thread(event.wait, PATIENCE)


@pytest.fixture
def files(tmp_path: Path) -> BatchFiles:
    files = BatchFiles(tmp_path, lambda: 10**9)
    files.open()
    return files


async def soon(binder: Binder, job: str, book: Book) -> Path:
    """Asks until it is there."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await binder.bound(job, "book.mp3", book.prepare)
            except NotCompleteYet:
                await asyncio.sleep(0.01)


async def test_who_asks_is_told_to_ask_again_until_the_book_is_there(files: BatchFiles) -> None:
    binder, book = Binder(files, wait_seconds=0), Book()
    for _ in range(3):
        with pytest.raises(NotCompleteYet) as caught:
            await binder.bound("job-1", "book.mp3", book.prepare)
        assert caught.value.retry_after
    book.may.set()
    path = await soon(binder, "job-1", book)
    assert path.read_bytes() == b"book"
    assert await Binder(files, wait_seconds=0).bound("job-1", "book.mp3", book.prepare) == path
    assert book.times == 1


async def test_who_asks_is_told_how_much_is_done_and_waits_as_long_as_they_like(files: BatchFiles) -> None:
    binder, book = Binder(files, wait_seconds=PATIENCE), Book()
    with pytest.raises(NotCompleteYet) as caught:
        await binder.bound("job-1", "book.mp3", book.prepare, 0)
    assert caught.value.part in (0, 0.25)  # its thread may have begun already
    await book.has(book.begun)
    with pytest.raises(NotCompleteYet) as caught:
        await binder.bound("job-1", "book.mp3", book.prepare, 0)
    assert caught.value.part == 0.25
    book.may.set()
    assert (await binder.bound("job-1", "book.mp3", book.prepare)).read_bytes() == b"book"


async def test_binding_goes_on_when_its_client_leaves(files: BatchFiles) -> None:
    binder, book = Binder(files, wait_seconds=PATIENCE), Book()
    asking = asyncio.ensure_future(binder.bound("job-1", "book.mp3", book.prepare))
    await book.has(book.begun)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    book.may.set()
    assert (await binder.bound("job-1", "book.mp3", book.prepare)).read_bytes() == b"book"
    assert book.times == 1


async def test_a_failure_that_nobody_waited_for_is_told_once(files: BatchFiles) -> None:
    binder, book = Binder(files, wait_seconds=0), Book(fails=True)
    with pytest.raises(NotCompleteYet):
        await binder.bound("job-1", "book.mp3", book.prepare)
    book.may.set()
    with pytest.raises(Conflict, match="damaged"):
        await soon(binder, "job-1", book)
    assert book.times == 1
    with pytest.raises(NotCompleteYet):
        await binder.bound("job-1", "book.mp3", book.prepare)
    await binder.close()


async def test_books_that_wait_and_failures_that_are_kept_are_bounded(
    files: BatchFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binders, "MOST_FAILURES", 2)
    binder, book = Binder(files, wait_seconds=0), Book(fails=True)
    for number in range(binders.MOST_WAITING + 1):
        with pytest.raises(NotCompleteYet):
            await binder.bound(f"job-{number}", "book.mp3", book.prepare)
    with pytest.raises(Busy):
        await binder.bound("job-more", "book.mp3", book.prepare)
    book.may.set()
    for number in range(binders.MOST_WAITING + 1):
        with pytest.raises(Conflict, match="damaged"):
            await soon(binder, f"job-{number}", book)
    for number in range(4):
        with pytest.raises(NotCompleteYet):
            await binder.bound(f"job-{number}", "book.mp3", book.prepare)
        await asyncio.wait(binder._bindings.values())
    assert [job for job, _ in binder._bindings] == ["job-2", "job-3"]


@pytest.mark.parametrize("way", ["stop", "close"])
async def test_what_is_being_bound_ends_with_its_job_and_with_the_server(files: BatchFiles, way: str) -> None:
    binder, book = Binder(files, wait_seconds=PATIENCE), Book()
    asking = asyncio.ensure_future(binder.bound("job-1", "book.mp3", book.prepare))
    await book.has(book.begun)
    await (binder.stop("job-1") if way == "stop" else binder.close())
    await book.has(book.ended)
    with pytest.raises(Conflict, match="not bound any more"):
        await asking
    assert files.found("job-1", "book.mp3") is None
