from __future__ import annotations

import asyncio
import errno
import math
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import psutil
import pytest

from middleware.pipeline import Stage, compose
from middleware.stages.quotas import QuotaStage
from routers.http.recording import RecordingStage, recorded
from stts.access.concurrency import Concurrency
from stts.access.key_text import KeyText
from stts.access.principal import ANONYMOUS, Principal, key_holder
from stts.access.quotas import QuotaBook
from stts.context import Outcome, RequestContext
from stts.errors import StorageFull
from stts.plans import SpeechRequest
from stts.settings import Settings, StorageSettings
from stts.speech import AudioChunk, AudioOutput, SynthesisConfig
from stts.storage.files.kinds import Kind
from stts.storage.files.store import FileStore
from stts.storage.files.writer import Writer
from stts.streams.hold import Hold
from tests.patient import PATIENCE
from tests.stts.access.keys import new_key
from tests.stts.access.test_quotas import MemoryQuotas

CHUNKS = [AudioChunk(b"\x01\x02" * 500, 0.1) for _ in range(4)]
QUOTA = sum(len(chunk.data) for chunk in CHUNKS)

Step = Literal["create", "write", "commit", "abort"]


class WatchedStore(FileStore):
    """An ordinary store that does something of its own at one step."""

    def __init__(self, root: Path, step: Step, act: Callable[[], object]) -> None:
        settings = Settings(storage=StorageSettings(outputs_bytes=QUOTA))
        super().__init__(root, lambda: settings)
        self.root = root
        self._step = step
        self._act = act
        self.writers: list[Writer] = []

    def create(self, kind: Kind, name: str | None = None, **options: Any) -> Writer:
        if self._step == "create":
            self._act()
        writer = super().create(kind, name, **options)
        self.writers.append(writer)
        if self._step != "create":
            setattr(writer, self._step, self._watched(getattr(writer, self._step)))
        return writer

    def _watched(self, call: Callable[..., object]) -> Callable[..., object]:
        def watched(*arguments: object) -> object:
            self._act()
            return call(*arguments)

        return watched

    def is_clean(self) -> bool:
        """Nothing open, nothing on the disk, and the whole quota free."""
        for path in self._temporary.iterdir():
            raise AssertionError(path)
        with super().create("outputs", "speech.pcm") as writer:
            writer.write(bytes(QUOTA))
        return not open_below(self.root) and self.page(limit=1).total == 0


def open_below(folder: Path) -> list[str]:
    """Files in this folder that the process holds open."""
    return [file.path for file in psutil.Process().open_files() if Path(file.path).is_relative_to(folder)]


class Gate:
    """Gate that holds a thread until it may go on."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._open = threading.Event()

    def __call__(self) -> None:
        self._reached.set()
        assert self._open.wait(PATIENCE)

    async def reached(self) -> None:
        assert await asyncio.to_thread(self._reached.wait, PATIENCE)

    def open(self) -> None:
        self._open.set()


class Source:
    """Four chunks."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    async def chunks(self) -> AsyncGenerator[AudioChunk, None]:
        try:
            for chunk in CHUNKS:
                yield chunk
        finally:
            self.closed.set()


def context(principal: Principal = ANONYMOUS) -> RequestContext:
    output = Outcome(audio=AudioOutput("pcm", "audio/pcm", 16_000, 1))
    return RequestContext(request_type="tts", request_id="r", output_data=output, principal=principal)


async def collected(chunks: AsyncGenerator[AudioChunk, None]) -> list[AudioChunk]:
    return [chunk async for chunk in chunks]


@pytest.mark.parametrize("step", ["create", "write", "commit"])
async def test_a_consumer_that_leaves_while_the_disk_is_slow(tmp_path: Path, step: Step) -> None:
    """The engine is let go at once; the file is dropped when the disk is done, by one thread at a time."""
    gate, source = Gate(), Source()
    store = WatchedStore(tmp_path, step, gate)
    listening = asyncio.ensure_future(collected(recorded(source.chunks(), store, context())))
    await gate.reached()
    listening.cancel()
    await asyncio.wait_for(source.closed.wait(), PATIENCE)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not listening.done()
    assert len(open_below(tmp_path)) == len(store.writers)
    gate.open()
    with pytest.raises(asyncio.CancelledError):
        await listening
    if step != "commit":
        assert store.is_clean()


async def test_a_consumer_that_does_not_wait_for_the_end_either(tmp_path: Path) -> None:
    gate, source = Gate(), Source()
    store = WatchedStore(tmp_path, "write", gate)
    listening = asyncio.ensure_future(collected(recorded(source.chunks(), store, context())))
    await gate.reached()
    before = asyncio.all_tasks()
    listening.cancel()
    await asyncio.wait_for(source.closed.wait(), PATIENCE)
    await asyncio.sleep(0)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    gate.open()
    await asyncio.gather(*asyncio.all_tasks() - before)
    assert store.is_clean()


async def test_a_consumer_that_stops_listening(tmp_path: Path) -> None:
    store, source = WatchedStore(tmp_path, "write", int), Source()
    chunks = recorded(source.chunks(), store, context())
    assert await anext(chunks) == CHUNKS[0]
    await chunks.aclose()
    assert source.closed.is_set()
    assert store.is_clean()


@pytest.mark.parametrize("reason", [errno.EIO, errno.EROFS, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize(("step", "heard"), [("create", 0), ("write", 0), ("commit", 4)])
async def test_a_disk_that_fails_is_told(tmp_path: Path, step: Step, heard: int, reason: int) -> None:
    """Before the first chunk where that is known by then, else when all has been heard. Never an id of nothing."""

    def fail() -> None:
        raise OSError(reason, "The disk fails")

    store, work, got = WatchedStore(tmp_path, step, fail), context(), list[AudioChunk]()
    with pytest.raises(StorageFull) as caught:
        async for chunk in recorded(Source().chunks(), store, work):
            got.append(chunk)
    assert len(got) == heard
    assert caught.value.code == ("storage_full" if reason in (errno.ENOSPC, errno.EDQUOT) else "storage_failed")
    if step != "create":
        with pytest.raises(StorageFull, match="This file was not kept"):
            store.get(work.output_data.file_id or "")
    assert store.is_clean()


async def test_a_disk_that_fills_meanwhile_does_not_keep_anybody_from_listening(tmp_path: Path) -> None:
    writes: list[int] = []

    def fail() -> None:
        writes.append(1)
        if len(writes) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")

    store, work, got = WatchedStore(tmp_path, "write", fail), context(), list[AudioChunk]()
    with pytest.raises(StorageFull):
        async for chunk in recorded(Source().chunks(), store, work):
            got.append(chunk)
    assert got == CHUNKS
    assert store.is_clean()


async def test_a_disk_without_room_is_known_before(tmp_path: Path) -> None:
    work = context()
    work.input_data.characters = 10**15
    with pytest.raises(StorageFull):
        await anext(recorded(Source().chunks(), WatchedStore(tmp_path, "abort", int), work))
    assert work.output_data.file_id is None


async def test_a_disk_that_fails_at_the_very_end_keeps_the_file(tmp_path: Path) -> None:
    def fail() -> None:
        raise OSError(errno.EIO, "The disk fails")

    store, work = WatchedStore(tmp_path, "abort", fail), context()
    assert await collected(recorded(Source().chunks(), store, work)) == CHUNKS
    assert store.get(work.output_data.file_id or "").size == QUOTA


async def test_an_answer_without_a_chunk_makes_no_file(tmp_path: Path) -> None:
    async def nothing() -> AsyncGenerator[AudioChunk, None]:
        for chunk in CHUNKS[:0]:
            yield chunk

    store = WatchedStore(tmp_path, "write", int)
    assert await collected(recorded(nothing(), store, context())) == []
    assert store.writers == []


async def test_what_has_no_room_begins_nothing(tmp_path: Path) -> None:
    """Else a request that is refused for its file would cost of the quota of characters."""
    files = FileStore(tmp_path, lambda: Settings(storage=StorageSettings(user_bytes=900)))
    text, begun = KeyText.new(), []

    async def chunks() -> AsyncGenerator[AudioChunk, None]:
        begun.append(True)
        yield CHUNKS[0]

    work = context()
    work.principal = key_holder(new_key(text), text.hash)
    work.input_data.characters = 300
    with pytest.raises(StorageFull, match="files of one user"):
        await collected(recorded(chunks(), files, work))
    assert not begun
    work.input_data.characters = 5
    with pytest.raises(StorageFull, match="files of one user"):
        await collected(recorded(chunks(), files, work))
    assert begun


async def test_a_stream_that_begins_its_file_after_the_data_of_its_user_was_removed_leaves_none(tmp_path: Path) -> None:
    text = KeyText.new()
    store, got = WatchedStore(tmp_path, "abort", int), list[AudioChunk]()
    work = context(key_holder(new_key(text, user_id="a" * 16), text.hash))
    work.input_data.arrived -= 1.0
    store.remove_all({"a" * 16: math.inf})
    with pytest.raises(StorageFull) as caught:
        async for chunk in recorded(Source().chunks(), store, work):
            got.append(chunk)
    assert got == CHUNKS and caught.value.code == "storage_failed"
    assert store.is_clean()


@pytest.mark.parametrize(
    ("step", "hold", "cost"),
    [("create", None, 0), ("write", None, 0), ("commit", None, 6), ("commit", Hold(), 0), ("abort", None, 6)],
)
async def test_an_answer_that_is_not_kept_and_not_sent_costs_nothing(
    tmp_path: Path, step: Step, hold: Hold | None, cost: int
) -> None:
    """`abort`: it is kept."""

    def fail() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def speak(work: RequestContext, request: SpeechRequest) -> AsyncGenerator[AudioChunk, None]:
        for chunk in CHUNKS:
            yield chunk

    counted, limits = MemoryQuotas(), Settings.model_validate({"quotas": {"address": {"characters_per_day": 100}}})
    book, work = QuotaBook(counted.opened), context()
    work.input_data.network, work.hold = "192.0.2.1", hold
    store = WatchedStore(tmp_path, step, fail if step != "abort" else int)
    stages: list[Stage] = [QuotaStage(book, Concurrency("concurrent"), lambda: limits), RecordingStage(store)]
    request = SpeechRequest("Hello.", SynthesisConfig(), saved=True)
    with pytest.raises(StorageFull) if step != "abort" else nullcontext():
        await collected(compose(stages, speak)(work, request))
    await book.close()
    assert counted.total == cost
    assert work.status == ("completed" if step == "abort" else "error")


async def test_only_what_is_to_be_kept_is_kept(tmp_path: Path) -> None:
    async def speak(work: RequestContext, request: SpeechRequest) -> AsyncGenerator[AudioChunk, None]:
        for chunk in CHUNKS:
            yield chunk

    store, work = WatchedStore(tmp_path, "abort", int), context()
    for saved in (False, True):
        request = SpeechRequest("Hello.", SynthesisConfig(), saved=saved)
        assert await collected(compose([RecordingStage(store)], speak)(work, request)) == CHUNKS
        assert store.page(limit=9).total == int(saved)
