"""The store over its tiers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Set
from pathlib import Path

import pytest

from stts.cache.disk import DiskTier
from stts.cache.removals import MOST_OPEN, REPEAT_SECONDS
from stts.cache.store import REMOVALS, UNWRITTEN_BYTES, CacheStore
from stts.cache.stored import Selection, Stored
from tests.skipping import skip
from tests.stts.cache.entries import NOW, Clock, entry, files, key, settings, store


async def test_what_is_put_is_in_memory_at_once_and_on_disk_soon(tmp_path: Path) -> None:
    first = store(tmp_path)
    first.put(key(1), entry(1))
    assert first.in_memory(key(1)) == entry(1)
    await first.written()
    second = store(tmp_path)
    assert second.in_memory(key(1)) is None and second.may_have(key(1))
    assert await second.get(key(1)) == entry(1) == second.in_memory(key(1))
    memory, disk = await second.statistics()
    assert (memory.tier, memory.entries, disk.tier, disk.entries, disk.hits) == ("memory", 1, "disk", 1, 1)
    await first.close()
    await second.close()


async def test_a_miss_is_known_without_a_look_at_the_disk(tmp_path: Path) -> None:
    current = settings()
    disk = DiskTier(tmp_path, current)
    await disk.open()
    cache = CacheStore(current, [disk], Clock())
    assert not cache.may_have(key(1)) and await cache.get(key(1)) is None


async def test_entries_age_and_expire_by_engine(tmp_path: Path) -> None:
    clock = Clock()
    cache = store(tmp_path, clock, hours=2.0, engine_hours={"piper": 1.0, "live": 0.0})
    assert (cache.expiry("tone", NOW), cache.expiry("piper", NOW)) == (NOW + 7200, NOW + 3600)
    cache.put(key(1), entry(1, seconds=7200))
    cache.put(key(2), entry(2, seconds=3600))
    cache.put(key(3), entry(3, seconds=cache.expiry("live", NOW) - NOW))
    assert cache.in_memory(key(3)) is None
    await cache.written()
    clock.now += 3600
    assert cache.in_memory(key(1)) and await cache.get(key(2)) is None
    await cache.close()


async def test_memory_without_room_still_finds_what_waits_for_the_disk(tmp_path: Path) -> None:
    cache = store(tmp_path, memory_bytes=0)
    cache.put(key(1), entry(1))
    assert cache.in_memory(key(1)) == entry(1)
    await cache.written()
    assert cache.in_memory(key(1)) is None and await cache.get(key(1)) == entry(1)
    await cache.close()


class SlowDisk(DiskTier):
    """A disk whose writes wait for the test."""

    def __init__(self, root: Path, cache: dict[str, object]) -> None:
        super().__init__(root, settings(**cache))
        self.may_write = threading.Event()
        self.begun = asyncio.Event()
        self.written = 0

    async def put(self, key: str, entry: Stored, now: float) -> None:
        self.begun.set()
        await asyncio.to_thread(self.may_write.wait)
        await super().put(key, entry, now)
        self.written += 1


async def test_what_waits_for_a_slow_disk_is_bounded(tmp_path: Path) -> None:
    disk = SlowDisk(tmp_path, {})
    cache = CacheStore(settings(memory_bytes=10**9), [disk], Clock())
    for number in range(10):
        cache.put(key(number), entry(number, 10_000_000))
    disk.may_write.set()
    await cache.written()
    assert disk.written == UNWRITTEN_BYTES // 10_000_000
    assert all(cache.in_memory(key(number)) for number in range(10))
    await cache.close()


async def test_a_removal_reaches_what_is_being_written_or_made(tmp_path: Path) -> None:
    disk = SlowDisk(tmp_path, {})
    cache = CacheStore(settings(), [disk], Clock())
    since = cache.removals
    cache.put(key(1), entry(1, owner="u1"))
    cache.put(key(2), entry(2, owner="u1"))
    await disk.begun.wait()
    removal = asyncio.ensure_future(cache.remove(Selection(owner="u1")))
    await asyncio.sleep(0)
    assert cache.in_memory(key(1)) is None and cache.in_memory(key(2)) is None
    disk.may_write.set()
    assert await removal == 2
    cache.put(key(3), entry(3, owner="u1"), since)
    cache.put(key(4), entry(4), since)
    await cache.written()
    assert await cache.get(key(1)) is None and await cache.get(key(3)) is None
    assert cache.in_memory(key(4)) and len(files(tmp_path)) == 1
    await cache.close()


async def test_more_removals_than_are_remembered_keep_nothing_that_was_begun_before(tmp_path: Path) -> None:
    cache = store(tmp_path, disk_bytes=0)
    for _ in range(REMOVALS + 1):
        await cache.remove(Selection(engine="other"))
    cache.put(key(1), entry(1), since=0)
    cache.put(key(2), entry(2), since=1)
    assert cache.in_memory(key(1)) is None and cache.in_memory(key(2))


@pytest.mark.parametrize("jump", [-(10**9), -60.0, 60.0, 10**9])
async def test_a_clock_that_jumps(tmp_path: Path, jump: float) -> None:
    clock = Clock()
    cache = store(tmp_path, clock)
    cache.put(key(1), entry(1))
    await cache.written()
    clock.now += jump
    found = await cache.get(key(1))
    assert (found is not None) == (abs(jump) < 3600)
    cache.put(key(1), entry(1, created=clock.now))
    assert cache.in_memory(key(1)) == entry(1, created=clock.now)
    await cache.close()


class SlowRead(DiskTier):
    """A disk whose reads and removals wait for the test."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, settings())
        self.may_return, self.may_remove, self.asked = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.removals = list[Set[Selection]]()
        self.refuses = False

    async def get(self, key: str, now: float) -> Stored | None:
        found = await super().get(key, now)
        await self.may_return.wait()
        return found

    async def remove(self, selections: Set[Selection]) -> Mapping[Selection, int] | None:
        self.removals.append(selections)
        self.asked.set()
        await self.may_remove.wait()
        return None if self.refuses else await super().remove(selections)


async def _on_disk(root: Path) -> tuple[SlowRead, CacheStore]:
    first = store(root)
    first.put(key(1), entry(1, engine="piper"))
    await first.close()
    tier = SlowRead(root)
    return tier, CacheStore(settings(), [tier], Clock())


async def test_what_is_read_while_a_removal_runs_is_not_answered(tmp_path: Path) -> None:
    tier, cache = await _on_disk(tmp_path)
    removal = asyncio.ensure_future(cache.remove(Selection(engine="piper")))
    await tier.asked.wait()
    late = asyncio.ensure_future(cache.get(key(1)))
    tier.may_return.set()
    assert await cache.get(key(1)) is None and cache.in_memory(key(1)) is None
    tier.may_return.clear()
    late_still = asyncio.ensure_future(cache.get(key(1)))
    await asyncio.sleep(0.05)
    tier.may_remove.set()
    assert await removal == 1
    tier.may_return.set()
    assert await late is None and await late_still is None and cache.in_memory(key(1)) is None
    await cache.close()


async def test_a_removal_that_a_tier_refuses_stays_in_force_and_is_tried_again(tmp_path: Path) -> None:
    tier, _ = await _on_disk(tmp_path)
    cache = CacheStore(settings(memory_bytes=0), [tier], Clock())
    tier.may_return.set()
    tier.may_remove.set()
    tier.refuses = True
    assert await cache.remove(Selection(engine="piper")) == 0
    assert await cache.get(key(1)) is None and len(files(tmp_path)) == 1
    tier.refuses = False
    while files(tmp_path):
        skip(REPEAT_SECONDS)
        await asyncio.sleep(0.01)
    assert await cache.remove(Selection(owner="u1")) == 0
    cache.put(key(1), entry(1, engine="piper"))
    await cache.written()
    assert await cache.get(key(1)) == entry(1, engine="piper"), "it is through"
    await cache.close()


async def test_removals_that_wait_are_carried_out_together(tmp_path: Path) -> None:
    tier, cache = await _on_disk(tmp_path)
    first = asyncio.ensure_future(cache.remove(Selection(engine="none")))
    await tier.asked.wait()
    others = [asyncio.ensure_future(cache.remove(Selection(engine=name))) for name in ("piper", "a", "b")]
    await asyncio.sleep(0)
    tier.may_remove.set()
    assert [await first, *[await each for each in others]] == [0, 1, 0, 0]
    assert [len(each) for each in tier.removals][:1] == [1] and len(tier.removals) == 2
    await cache.close()


async def test_more_open_removals_than_are_remembered_remove_everything(tmp_path: Path) -> None:
    tier, cache = await _on_disk(tmp_path)
    tier.may_return.set()
    removals = [asyncio.ensure_future(cache.remove(Selection(voice=str(each)))) for each in range(MOST_OPEN + 1)]
    await tier.asked.wait()
    assert await cache.get(key(1)) is None
    tier.may_remove.set()
    for removal in removals:
        await removal
    assert files(tmp_path) == []
    await cache.close()


async def test_a_shorter_age_holds_for_what_is_kept(tmp_path: Path) -> None:
    current = {"hours": 2.0}
    clock = Clock()
    cache = CacheStore(lambda: settings(**current)(), [DiskTier(tmp_path, settings())], clock)
    for number in (1, 2):
        cache.put(key(number), entry(number, seconds=7200))
    await cache.written()
    clock.now += 1800
    assert cache.in_memory(key(1)) and await cache.get(key(2))
    current["hours"] = 0.4
    assert cache.in_memory(key(1)) is None and await cache.get(key(2)) is None
    current["hours"] = 2.0
    assert cache.in_memory(key(1)) is None and await cache.get(key(1)) == entry(1, seconds=7200)
    await cache.close()


async def test_what_is_used_in_memory_stays_on_the_disk(tmp_path: Path) -> None:
    cache = store(tmp_path, disk_bytes=50_000)
    for number in range(12):
        cache.put(key(number), entry(number, 9000, created=NOW + number))
        assert cache.in_memory(key(0))
        await cache.written()
    assert len(files(tmp_path)) < 12 and cache.may_have(key(0)) and not cache.may_have(key(1))
    await cache.close()
