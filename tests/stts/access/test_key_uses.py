"""Work with a key ends when the key does."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from stts.access.directory import KeyDirectory
from stts.access.key_text import KeyText
from stts.errors import Unauthorized
from tests.patient import PATIENCE
from tests.stts.access.keys import Clock, MemoryKeys, new_key


def directory_of(store: MemoryKeys) -> KeyDirectory:
    return KeyDirectory(store.opened, lambda: 600.0, clock=Clock(), monotonic=Clock())


async def test_what_goes_on_with_a_key_ends_when_that_is_revoked() -> None:
    directory, text = directory_of(MemoryKeys()), KeyText.new()
    begun, key = asyncio.Event(), new_key(text)

    async def work() -> None:
        async with directory.uses.until_end(key):
            begun.set()
            await asyncio.Event().wait()

    going = asyncio.create_task(work())
    await begun.wait()
    assert directory.uses.keys() == [key]
    directory.take(replace(key, revoked_at=1.0, version=2))
    with pytest.raises(Unauthorized):
        await asyncio.wait_for(going, PATIENCE)
    assert directory.uses.keys() == []


async def test_a_time_limit_of_the_work_itself_is_no_end_of_a_key() -> None:
    directory, key = directory_of(MemoryKeys()), new_key(KeyText.new())
    with pytest.raises(TimeoutError):
        async with directory.uses.until_end(key):
            raise TimeoutError
    directory.uses.end(key.id)
    assert directory.uses.keys() == []
