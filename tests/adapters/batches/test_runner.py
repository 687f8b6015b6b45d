"""The runner of batches: work that dies again and again rests, and a clock that was set wrong removes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
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

    async def sync(self, *_: Any) -> None:
        """Nothing was written."""

    async def forget(self, *_: Any) -> None:
        self.tries += 1
        raise ZeroDivisionError


class World:
    def __init__(self, root: Path) -> None:
        settings = Settings(
            storage=StorageSettings(root=str(root)), jobs=JobSettings(lease_seconds=1, hours=1, paused_hours=100)
        )
        self.stores = StoreOpener(lambda: settings)
        self.files = BatchFiles(root, lambda: 1 << 20)
        self.dies = Dies()
        self.wall, self.monotonic = time.time(), 0.0
        clocks = (lambda: self.wall, lambda: self.monotonic)
        self.runner = BatchRunner(self.stores, self.files, self.dies, lambda: settings, Yielding(), *clocks)  # type: ignore[arg-type]

    async def begin(self, id: str = "job-1", count: int = 1, at: float = 1.0) -> None:
        store = await self.stores.batches()
        root = self.files.open()
        await store.draft(Batch(id=id, kind="speech", root=root, created_at=at))
        await store.add(id, [BatchItem(number=each, digest=f"{each:064}", size=1, request={}) for each in range(count)])
        await store.begin(id, total=count, size=count, most=5)

    async def found(self, id: str = "job-1") -> Batch | None:
        return await (await self.stores.batches()).find(id)

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


async def test_what_rests_is_kept_longer_than_what_has_ended(world: World) -> None:
    await world.begin()
    await (await world.stores.batches()).command("job-1", "pause", now=world.wall)
    await world.look(0.0)
    await world.look(99 * HOUR)
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


async def test_a_long_job_gives_way_to_one_that_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "MOST_AT_WORK", 1)
    monkeypatch.setattr(runner_module, "LOOK_SECONDS", 0.05)
    world.runner._around = replace(world.runner._around, carry_out=slowly, sync=done, forget=done)
    world.monotonic = 100.0
    await world.begin(count=1000)
    await world.begin("job-2", at=2.0)
    running = asyncio.create_task(world.runner.run())
    try:
        async with asyncio.timeout(PATIENCE):
            while (batch := await world.found("job-2")) is None or batch.state != "done":
                world.monotonic += 10.0
                await asyncio.sleep(0.02)
        long = await world.found()
        assert long is not None and long.state == "running" and long.waiting > 0
    finally:
        running.cancel()
        await asyncio.wait([running])
        await world.runner.close()


async def slowly(*_: Any) -> ItemResult:
    await asyncio.sleep(0.02)
    return ItemResult(".wav", "audio/wav", 1000, 1.5)


async def done(*_: Any) -> None:
    """Needs nothing removed."""
