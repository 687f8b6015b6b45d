"""Records that wait in memory and on the disk come out as it went in, within its bounds, and leaves nothing."""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stts.streams.spool import BLOCK_BYTES, MEMORY_BYTES, MIB, RECORD_BYTES, Record, Spool, SpoolFull, SpoolSpace


def spool(most: int = 64 * MIB, space: SpoolSpace | None = None) -> Spool:
    return Spool(space or SpoolSpace(lambda: 256 * MIB), lambda: most)


async def drained(each: Spool) -> list[Record]:
    each.end()
    found = []
    while (record := await each.get()) is not None:
        found.append(record)
    return found


@settings(max_examples=40)
@given(st.lists(st.one_of(st.integers(0, 400_000).map(bytes), st.text(max_size=30)), max_size=30), st.data())
def test_records_come_out_in_order_whether_they_were_on_the_disk_or_not(
    records: list[Record], data: st.DataObject
) -> None:
    async def run() -> None:
        expected = list(records)
        # A draw may end the example.
        async with aclosing(spool()) as each:
            for record in records:
                await each.put(record)
                if data.draw(st.booleans()):
                    assert await each.get() == expected.pop(0)
            assert await drained(each) == expected
            assert each.held == 0

    asyncio.run(run())


async def test_beyond_its_memory_it_uses_the_disk_and_gives_it_back() -> None:
    handles = len(os.listdir("/proc/self/fd"))
    space = SpoolSpace(lambda: 256 * MIB)
    each = spool(space=space)
    records = [bytes([number]) * BLOCK_BYTES for number in range(20)]
    for record in records:
        await each.put(record)
    assert len(os.listdir("/proc/self/fd")) == handles + 1
    assert each.held == space.taken == 20 * (BLOCK_BYTES + RECORD_BYTES) > MEMORY_BYTES
    assert [await each.get() for _ in range(10)] == records[:10]
    await each.aclose()
    assert len(os.listdir("/proc/self/fd")) == handles and space.taken == 0


async def test_its_bound_and_that_of_all_refuse_what_is_beyond() -> None:
    space = SpoolSpace(lambda: 1000)
    one, other = spool(600, space), spool(600, space)
    await one.put(bytes(500))
    with pytest.raises(SpoolFull):
        await one.put(bytes(10))
    with pytest.raises(SpoolFull):
        await other.put(bytes(400))
    await one.put("commit", spare=1000)
    assert await drained(one) == [bytes(500), "commit"]
    await other.put(bytes(400))
    for each in (one, other):
        await each.aclose()
    assert space.taken == 0


async def test_a_reader_waits_for_what_comes(caplog: pytest.LogCaptureFixture) -> None:
    each = spool()
    reading = asyncio.ensure_future(each.get())
    await asyncio.sleep(0)
    await each.put("hello")
    assert await reading == "hello"
    ending = asyncio.ensure_future(each.get())
    await asyncio.sleep(0)
    each.end()
    assert await ending is None
    await each.aclose()


async def test_a_disk_that_fails_costs_what_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stts.streams.spool.os.pwrite", full)
    each, kept = spool(), []
    with pytest.raises(SpoolFull):
        for number in range(100):
            await each.put(bytes([number]) * BLOCK_BYTES)
            kept.append(bytes([number]) * BLOCK_BYTES)
    assert 2 * MEMORY_BYTES > len(kept) * BLOCK_BYTES >= MEMORY_BYTES
    assert await drained(each) == kept
    await each.aclose()
