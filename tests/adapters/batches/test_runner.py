"""The runner of batches: work that dies again and again rests, and a clock that was set wrong removes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.batches import runner as runner_module
from adapters.batches.runner import BatchRunner
from stts.jobs.values import Batch, BatchItem, ItemResult
from stts.scheduling.yielding import Yielding
from stts.settings import JobSettings, Settings, StorageSettings
from stts.storage.batch_files import BatchFiles
from stts.storage.database.opening import StoreOpener
from tests.patient import PATIENCE

HOUR = 3600.0


class Dies:
    """Work on items that ends in a way which nobody foresaw, outside of the item itself."""

    def __init__(self) -> None:
        self.tries = 0

    async def __call__(self, *_: Any) -> ItemResult:
        return ItemResult(".wav", "audio/wav", 1000, 1.5)

    async def forget(self, *_: Any) -> None:
        self.tries += 1
        raise ZeroDivisionError


class World:
    def __init__(self, root: Path) -> None:
        settings = Settings(storage=StorageSettings(root=str(root)), jobs=JobSettings(lease_seconds=1, hours=1))
        self.stores = StoreOpener(lambda: settings)
        self.files = BatchFiles(root, lambda: 1 << 20)
        self.dies = Dies()
        self.wall, self.monotonic = time.time(), 0.0
        clocks = (lambda: self.wall, lambda: self.monotonic)
        self.runner = BatchRunner(self.stores, self.files, self.dies, lambda: settings, Yielding(), *clocks)  # type: ignore[arg-type]

    async def begin(self, **fields: Any) -> None:
        store = await self.stores.batches()
        root = self.files.open()
        await store.draft(Batch(id="job-1", kind="speech", root=root, created_at=1.0, **fields))
        await store.add("job-1", [BatchItem(number=0, digest="ab" * 32, size=1, request={"text": "Hello."})])
        await store.begin("job-1", total=1, size=1, most=5)

    async def found(self) -> Batch | None:
        return await (await self.stores.batches()).find("job-1")

    async def look(self, seconds: float, *, set_by: float = 0.0) -> None:
        """Lets time pass, sets the clock, and lets the runner clean."""
        self.monotonic += seconds
        self.wall += seconds + set_by
        await self.runner._clean()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    yield world
    await world.stores.close()


async def test_work_that_dies_again_and_again_rests(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr("stts.storage.database.batch_work._end", lambda *_: {})
    await world.begin()
    running = asyncio.create_task(world.runner.run())
    try:
        async with asyncio.timeout(PATIENCE):
            while (batch := await world.found()) is not None and batch.state == "running":
                world.wall += 0.5
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.wait([running])
        await world.runner.close()
    assert batch is not None and batch.reason is not None
    assert (batch.state, batch.reason.code, batch.resume_at) == ("paused", "internal_error", None)


async def test_what_a_clock_calls_old_is_removed_when_it_goes_evenly(world: World) -> None:
    await world.begin()
    await (await world.stores.batches()).command("job-1", "cancel", now=world.wall)
    await world.look(0.0, set_by=1000 * HOUR)
    await world.look(200.0, set_by=-1000 * HOUR)
    await world.look(200.0)
    assert await world.found() is not None
    await world.look(2 * HOUR)
    assert await world.found() is None


async def test_results_without_a_batch_go_at_once(world: World) -> None:
    world.files.open()
    for _ in range(2):
        world.files.keep("job-9", "cover", b"picture")
        await world.runner._clean()
        assert world.files.batches() == []
        world.runner.clean()
