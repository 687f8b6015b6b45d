"""More subjects than have a place in memory: none is refused for it, and nothing that was counted is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from stts.access.allowances import Allowance, Counter, Period, QuotaExceeded, Unit
from stts.access.quotas import QuotaBook
from stts.errors import DatabaseAway
from tests.stts.access.keys import Clock
from tests.stts.access.test_quotas import NOON, MemoryQuotas, characters, left

SUBJECTS = 12
PLACES = 5


@pytest.fixture
def store() -> MemoryQuotas:
    return MemoryQuotas()


@pytest.fixture
def book(store: MemoryQuotas, monkeypatch: pytest.MonkeyPatch) -> QuotaBook:
    monkeypatch.setattr("stts.access.quotas.MOST_ACCOUNTS", PLACES)
    return QuotaBook(store.opened, Clock(NOON))


def of(number: int, most: float = 1000) -> tuple[Allowance, ...]:
    return characters(most, subject=f"subject:1:{number}"), characters(30 * most, Period.MONTH, f"subject:1:{number}")


@pytest.mark.parametrize("writes", [False, True])
async def test_each_of_many_has_its_whole_quota(book: QuotaBook, store: MemoryQuotas, writes: bool) -> None:
    """A block is a fiftieth: each of a hundred visits would claim one, and half of them would be refused."""
    for _ in range(100):
        for number in range(SUBJECTS):
            await (await book.reserve(of(number), 10)).settle(10)
        if writes:
            await book.write()
    for number in range(SUBJECTS):
        with pytest.raises(QuotaExceeded, match="0 are left"):
            await book.reserve(of(number), 1)
    await book.close()
    assert set(store.amounts.values()) == {1000.0}


async def test_what_is_used_is_told_as_it_is(book: QuotaBook) -> None:
    for number in range(SUBJECTS):
        await (await book.reserve(of(number), 10)).settle(10)
    await book.write()
    await book.look(of(0))
    assert [left(book, allowance) for allowance in of(0)] == [990, 29_990]


async def test_while_the_store_is_away_nothing_is_lost(book: QuotaBook, store: MemoryQuotas) -> None:
    for number in range(SUBJECTS):
        await (await book.reserve(of(number), 10)).settle(10)
    store.is_away = True
    with pytest.raises(DatabaseAway):
        await book.write()
    for number in range(SUBJECTS):
        # Out of the block that it had when it was forgotten.
        await (await book.reserve(of(number), 5)).settle(5)
    store.is_away = False
    await book.close()
    assert set(store.amounts.values()) == {15.0}


async def test_those_beyond_what_waits_count_as_used(
    book: QuotaBook, store: MemoryQuotas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stts.access.leaving_accounts.MOST_LEAVING", 2)
    for number in range(SUBJECTS):
        await (await book.reserve(of(number), 10)).settle(10)
    await book.close()
    assert all(used >= 10.0 for used in store.amounts.values())
    assert sum(used == 10.0 for used in store.amounts.values()) == PLACES + 2


class SlowQuotas(MemoryQuotas):
    """Lets a test go on while something is added."""

    def __init__(self) -> None:
        super().__init__()
        self.adding, self.goes_on = asyncio.Event(), asyncio.Event()

    async def add(self, amounts: Sequence[tuple[Counter, float]]) -> None:
        self.adding.set()
        await self.goes_on.wait()
        await super().add(amounts)


async def test_who_comes_back_while_its_block_goes_waits_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked in between, the store would say that the block is used, and refuse."""
    monkeypatch.setattr("stts.access.quotas.MOST_ACCOUNTS", 1)
    store = SlowQuotas()
    book = QuotaBook(store.opened, Clock(NOON))
    mine = (characters(100),)
    await (await book.reserve(mine, 99)).settle(1)
    await (await book.reserve((characters(100, subject="key:2"),), 1)).settle(1)
    writing = asyncio.create_task(book.write())
    await store.adding.wait()
    assert book.at_hand(mine, 99) is None
    again = asyncio.create_task(book.reserve(mine, 99))
    await asyncio.sleep(0)
    store.goes_on.set()
    await (await again).settle(99)
    await writing
    await book.close()
    assert store.amounts[Counter("key:1", str(Unit.CHARACTERS), "2026-11-29")] == 100.0


async def test_an_account_for_which_the_store_is_asked_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the use beyond its quota would be on an account that nobody writes."""
    monkeypatch.setattr("stts.access.quotas.MOST_ACCOUNTS", 1)
    store = MemoryQuotas()
    book = QuotaBook(store.opened, Clock(NOON))
    reserving = asyncio.create_task(book.reserve((characters(100),), 10))
    await asyncio.sleep(0)
    await (await book.reserve((characters(100, subject="key:2"),), 1)).settle(1)
    reservation = await reserving
    store.is_away = True
    await reservation.settle(50)
    store.is_away = False
    await book.close()
    assert store.amounts[Counter("key:1", str(Unit.CHARACTERS), "2026-11-29")] == 50.0
