"""The tier in memory."""

from __future__ import annotations

from stts.cache.memory import MemoryTier
from stts.cache.stored import OVERHEAD_BYTES, Selection
from tests.stts.cache.entries import NOW, entry, key

SIZE = 1000 + OVERHEAD_BYTES


def test_the_least_recently_used_go_first() -> None:
    memory = MemoryTier(lambda: 3 * SIZE)
    for number in range(3):
        memory.put(key(number), entry(number))
    assert memory.get(key(0), NOW) == entry(0)
    memory.put(key(3), entry(3))
    assert memory.get(key(1), NOW) is None
    assert all(memory.get(key(number), NOW) for number in (0, 2, 3))
    assert memory.bytes == 3 * SIZE and memory.hits == 4


def test_an_entry_is_replaced_and_counted_once() -> None:
    memory = MemoryTier(lambda: 10 * SIZE)
    memory.put(key(0), entry(0))
    memory.put(key(0), entry(1, 2000))
    assert (len(memory), memory.bytes) == (1, 2000 + OVERHEAD_BYTES)
    memory.discard(key(0))
    assert (len(memory), memory.bytes) == (0, 0)


def test_what_is_too_large_pushes_nothing_out() -> None:
    memory = MemoryTier(lambda: 2 * SIZE)
    memory.put(key(0), entry(0))
    memory.put(key(1), entry(1, 10_000))
    assert memory.get(key(0), NOW) and memory.get(key(1), NOW) is None


def test_a_bound_of_nothing_keeps_nothing() -> None:
    memory = MemoryTier(lambda: 0)
    memory.put(key(0), entry(0))
    assert len(memory) == 0


def test_what_has_expired_is_gone() -> None:
    memory = MemoryTier(lambda: 10 * SIZE)
    memory.put(key(0), entry(0, seconds=10.0))
    assert memory.get(key(0), NOW + 10.0) is None and memory.bytes == 0


def test_a_selection_is_removed() -> None:
    memory = MemoryTier(lambda: 10 * SIZE)
    memory.put(key(0), entry(0, engine="piper"))
    memory.put(key(1), entry(1))
    assert memory.remove(Selection(engine="piper")) == 1
    assert memory.get(key(0), NOW) is None and memory.get(key(1), NOW)
