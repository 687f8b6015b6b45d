"""One cache of two workers, over the same files."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from stts.cache.opening import open_cache
from stts.cache.store import CacheStore
from stts.cache.stored import Selection, Stored
from stts.settings import CacheSettings, Settings, StorageSettings
from tests.stts.cache.entries import entry, key
from tests.stts.peers.crowd import crowd

pytestmark = pytest.mark.socket


def fresh(number: int) -> Stored:
    now = time.time()
    return replace(entry(number), created=now, expires=now + 3600)


@asynccontextmanager
async def caches(root: Path) -> AsyncIterator[tuple[CacheStore, CacheStore]]:
    settings = Settings(cache=CacheSettings(enabled=True), storage=StorageSettings(root=str(root)))
    async with crowd() as them:
        one, other = [open_cache(lambda: settings, await them.joined()) for _ in range(2)]
        for each in (one, other):
            await each.open()
        try:
            yield one, other
        finally:
            for each in (one, other):
                await each.close()


async def test_what_one_worker_has_made_another_finds(tmp_path: Path) -> None:
    async with caches(tmp_path) as (one, other):
        made = fresh(1)
        assert not other.may_have(key(1))
        one.put(key(1), made)
        await one.written()
        await one.remove(Selection(engine="another"))  # once it is answered, the note before it was read
        assert other.may_have(key(1))
        assert await other.get(key(1)) == made


async def test_what_one_worker_removes_no_other_remembers(tmp_path: Path) -> None:
    async with caches(tmp_path) as (one, other):
        made = [fresh(1), replace(fresh(2), engine="another")]
        for number, each in enumerate(made):
            other.put(key(number), each)
        await other.written()
        assert await one.remove(Selection(engine="another")) == 1
        assert (other.in_memory(key(0)), other.in_memory(key(1))) == (made[0], None)
        assert await one.get(key(0)) == made[0]
        assert await other.remove() == 1
        assert (one.in_memory(key(0)), await one.get(key(0))) == (None, None)


async def test_nothing_that_was_begun_before_a_removal_is_kept_after_it(tmp_path: Path) -> None:
    async with caches(tmp_path) as (one, other):
        since = other.removals
        await one.remove()
        other.put(key(1), fresh(1), since)
        assert other.in_memory(key(1)) is None
