"""The tier on disk, on a real folder: restarts, damage, disks that refuse, and two servers on one folder."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from pathlib import Path

import pytest

from stts.cache.disk import REST_SECONDS, DiskTier
from stts.cache.files import CachedFile, CacheFiles, taken
from stts.cache.stored import Selection, Stored, pack
from tests.stts.cache.entries import NOW, entry, files, key, removed, settings


def disk(root: Path, **cache: object) -> DiskTier:
    return DiskTier(root, settings(**cache))


async def filled(root: Path, *numbers: int, **cache: object) -> DiskTier:
    tier = disk(root, **cache)
    for number in numbers:
        await tier.put(key(number), entry(number), NOW + number)
    return tier


async def test_entries_outlast_the_server(tmp_path: Path) -> None:
    await filled(tmp_path, 1, 2)
    other = disk(tmp_path)
    assert other.may_have(key(3))
    await other.open()
    assert not other.may_have(key(3)) and other.may_have(key(1))
    assert await other.get(key(1), NOW) == entry(1)
    assert {path.name for path in files(tmp_path)} == {key(1), key(2)}


@pytest.mark.parametrize("damage", ["bit", "cut", "empty", "foreign"])
async def test_a_damaged_file_is_a_miss_and_goes(tmp_path: Path, damage: str) -> None:
    tier = await filled(tmp_path, 1)
    path = tmp_path / "cache" / key(1)[:2] / key(1)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 4
    path.write_bytes({"bit": bytes(whole), "cut": bytes(whole[:-5]), "empty": b"", "foreign": b"RIFF" * 99}[damage])
    assert await tier.get(key(1), NOW) is None
    assert not path.exists() and not tier.may_have(key(1))
    assert (await tier.statistics(NOW)).failures == 1


async def test_what_has_expired_goes(tmp_path: Path) -> None:
    tier = await filled(tmp_path, 1)
    assert await tier.get(key(1), NOW + 3600.0) is None
    assert list((tmp_path / "cache").rglob(key(1))) == []


async def test_the_least_recently_used_go_first_also_after_a_restart(tmp_path: Path) -> None:
    size = taken(len(pack(key(0), entry(0))))
    await filled(tmp_path, 1, 2, 3)
    tier = disk(tmp_path, disk_bytes=3 * size)
    await tier.open()
    assert await tier.get(key(1), NOW + 10)
    await tier.put(key(4), entry(4), NOW + 20)
    assert not tier.may_have(key(2)) and tier.may_have(key(1)) and tier.may_have(key(4))
    assert (await tier.statistics(NOW)).bytes <= 3 * size


async def test_two_servers_on_one_folder_keep_one_bound(tmp_path: Path) -> None:
    size = taken(len(pack(key(0), entry(0))))
    first, second = disk(tmp_path, disk_bytes=10 * size), disk(tmp_path, disk_bytes=10 * size)
    await first.open()
    await second.open()
    for number in range(20):
        await (first if number % 2 else second).put(key(number), entry(number), NOW + number)
    # Each knows of the other's when its own count reaches the bound, or when it is asked.
    await first.put(key(99), entry(99), NOW + 99)
    assert (await first.statistics(NOW)).bytes <= 20 * size
    for number in range(100, 112):
        await first.put(key(number), entry(number), NOW + number)
    assert sum(taken(path.stat().st_size) for path in files(tmp_path)) <= 10 * size
    found = [await second.get(key(number), NOW) for number in range(20)]
    assert all(each is None or each == entry(number) for number, each in enumerate(found))
    assert (await second.statistics(NOW)).failures == 0


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EROFS, errno.EIO])
async def test_a_disk_that_refuses_a_write_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int) -> None:
    now = 0.0
    tier = DiskTier(tmp_path, settings(), lambda: now)
    await tier.put(key(1), entry(1), NOW)
    real, asked = os.open, list[object]()

    def refuse(path: str, flags: int, mode: int = 0o777) -> int:
        asked.append(path)
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(os, "open", refuse)
    await tier.put(key(2), entry(2), NOW)
    await tier.put(key(3), entry(3), NOW)
    assert len(asked) == 1 and tier.state == "resting"
    assert await tier.get(key(1), NOW) == entry(1)
    assert await tier.get(key(2), NOW) is None
    monkeypatch.setattr(os, "open", real)
    now = REST_SECONDS
    await tier.put(key(2), entry(2), NOW)
    assert await tier.get(key(2), NOW) == entry(2) and (await tier.statistics(NOW)).state == "up"


async def test_a_folder_that_cannot_be_made_is_told_and_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    tier = disk(tmp_path)
    await tier.open()
    await tier.put(key(1), entry(1), NOW)
    assert await tier.get(key(1), NOW) is None
    assert await removed(tier, Selection()) is None
    found = await tier.statistics(NOW)
    assert (found.state, found.entries) == ("resting", 0) and found.failures > 0


async def test_selections_are_removed(tmp_path: Path) -> None:
    tier = await filled(tmp_path, 1)
    await tier.put(key(2), entry(2, voices=("anna", "ab"), owner="u1"), NOW)
    await tier.put(key(3), entry(3, engine="piper"), NOW)
    assert [share.engine for share in (await tier.statistics(NOW)).shares] == ["piper", "tone"]
    assert await removed(tier, Selection(voice="ab")) == 1
    assert await removed(tier, Selection(engine="piper")) == 1
    assert await tier.get(key(1), NOW)
    assert await removed(tier, Selection()) == 1
    assert files(tmp_path) == []


async def test_what_a_crash_left_goes_when_it_is_old(tmp_path: Path) -> None:
    tier = await filled(tmp_path, 1)
    folder = tmp_path / "cache" / key(1)[:2]
    old, new = folder / ".old.tmp", folder / ".new.tmp"
    old.write_bytes(b"half")
    new.write_bytes(b"half")
    os.utime(old, (NOW - 7200, NOW - 7200))
    os.utime(new, (NOW, NOW))
    assert [file.key for file in CacheFiles(tmp_path / "cache").scan(NOW)] == [key(1)]
    assert not old.exists() and new.exists()
    assert tier.may_have(key(1))


async def test_a_bound_of_nothing_is_no_tier(tmp_path: Path) -> None:
    tier = disk(tmp_path, disk_bytes=0)
    await tier.open()
    assert not tier.is_wanted and not (tmp_path / "cache").exists()


async def test_a_removal_reads_no_file_that_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(tmp_path, 1, 2, 3)
    tier, read = disk(tmp_path), list[str]()
    real = CacheFiles.describe

    def counted(self: CacheFiles, key: str) -> Stored | None:
        read.append(key)
        return real(self, key)

    monkeypatch.setattr(CacheFiles, "describe", counted)
    await tier.open()
    assert await tier.get(key(1), NOW)
    await tier.put(key(4), entry(4, engine="piper"), NOW + 4)
    assert await removed(tier, Selection(engine="none")) == 0
    assert sorted(read) == sorted([key(2), key(3)]), "those that were found in the folder, once"
    assert await tier.remove(frozenset({Selection(engine="piper"), Selection(owner="u1")})) == {
        Selection(engine="piper"): 1
    }
    assert len(read) == 2 and await removed(tier, Selection(voice="default")) == 3
    assert len(read) == 2 and files(tmp_path) == []


async def test_what_is_written_while_the_folder_is_looked_at_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tier = await filled(tmp_path, 1, 2)
    listed, go_on = threading.Event(), threading.Event()
    real = CacheFiles.scan

    def slow(self: CacheFiles, now: float) -> list[CachedFile]:
        found = real(self, now)
        listed.set()
        go_on.wait()
        return found

    monkeypatch.setattr(CacheFiles, "scan", slow)
    looking = asyncio.ensure_future(tier.statistics(NOW))
    await asyncio.to_thread(listed.wait)
    await tier.put(key(3), entry(3), NOW)
    assert await tier.get(key(2), NOW + 9999) is None
    go_on.set()
    assert (await looking).entries == 2
    assert tier.may_have(key(1)) and tier.may_have(key(3)) and not tier.may_have(key(2))


async def test_what_is_used_in_memory_does_not_go_first(tmp_path: Path) -> None:
    size = taken(len(pack(key(0), entry(0))))
    tier = await filled(tmp_path, 1, 2, 3, disk_bytes=3 * size)
    tier.note_use(key(1))
    await tier.put(key(4), entry(4), NOW + 20)
    assert tier.may_have(key(1)) and tier.may_have(key(4)) and not tier.may_have(key(2))
