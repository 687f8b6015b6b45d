"""Quotas: exact at once, kept over a kill, given back at a stop, counted while the store is away."""

from __future__ import annotations

import asyncio
from collections import Counter as Totals
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from stts.access.allowances import Allowance, Claim, Counter, Period, QuotaExceeded, Unit
from stts.access.quotas import QuotaBook
from stts.errors import DatabaseAway
from tests.stts.access.keys import Clock

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()


class MemoryQuotas:
    """A QuotaStore without a database. Each call lets others run first, as a database does."""

    def __init__(self) -> None:
        self.used: Totals[Counter] = Totals()
        self.calls = 0
        self.is_away = False

    async def opened(self) -> MemoryQuotas:
        await asyncio.sleep(0)
        if self.is_away:
            raise DatabaseAway("The database does not answer.")
        self.calls += 1
        return self

    async def claim(self, counter: Counter, at_least: float, at_most: float, most: float) -> Claim:
        if self.used[counter] + at_least > most:
            return Claim(0.0, self.used[counter])
        granted = max(at_least, min(at_most, most - self.used[counter]))
        self.used[counter] += granted  # type: ignore[assignment]
        return Claim(granted, self.used[counter])

    async def add(self, amounts: Sequence[tuple[Counter, float]]) -> None:
        for counter, amount in amounts:
            self.used[counter] += amount  # type: ignore[assignment]

    @property
    def total(self) -> float:
        return sum(self.used.values())


def characters(most: float, period: Period = Period.DAY, subject: str = "key:1") -> Allowance:
    return Allowance(subject, Unit.CHARACTERS, period, most)


@pytest.fixture
def store() -> MemoryQuotas:
    return MemoryQuotas()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def book(store: MemoryQuotas, clock: Clock) -> QuotaBook:
    return QuotaBook(store.opened, clock)


async def test_fifty_at_once_against_a_quota_for_ten(book: QuotaBook, store: MemoryQuotas) -> None:
    calls = [book.reserve([characters(200)], 20) for _ in range(50)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    refused = [each for each in results if isinstance(each, QuotaExceeded)]
    assert len(results) - len(refused) == 10 and len(refused) == 40
    assert store.total == 200


async def test_two_servers_never_overshoot_together(store: MemoryQuotas, clock: Clock) -> None:
    books = [QuotaBook(store.opened, clock) for _ in range(2)]
    calls = [books[number % 2].reserve([characters(1000)], 7) for number in range(400)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    served = sum(7 for each in results if not isinstance(each, Exception))
    assert 0.95 * 1000 <= served <= 1000 and store.total <= 1000


async def test_most_calls_do_not_ask_the_store(book: QuotaBook, store: MemoryQuotas) -> None:
    for _ in range(1000):
        await book.reserve([characters(1_000_000)], 10)
    assert store.calls <= 3


async def test_a_refusal_says_what_is_left_and_when_there_is_more(book: QuotaBook) -> None:
    await book.reserve([characters(100, Period.MONTH)], 90)
    with pytest.raises(QuotaExceeded) as caught:
        await book.reserve([characters(100, Period.MONTH)], 11)
    assert caught.value.message == (
        "The quota of 100 characters a month of this key does not allow it: 10 are left, 11 are needed."
    )
    assert caught.value.status == 429 and caught.value.retry_after == 36 * 3600


async def test_what_one_account_refuses_costs_the_others_nothing(book: QuotaBook) -> None:
    day, month = characters(1000), characters(50, Period.MONTH)
    with pytest.raises(QuotaExceeded, match="month"):
        await book.reserve([day, month], 60)
    assert book.account(day).left == 1000 and book.account(month).left == 50


async def test_what_was_not_used_comes_back(book: QuotaBook) -> None:
    allowance = characters(100)
    reservation = await book.reserve([allowance], 100)
    reservation.settle(30)
    assert book.account(allowance).left == 70
    reservation.settle(30)
    await book.reserve([allowance], 70)
    assert book.account(allowance).left == 0


async def test_it_grows_while_more_is_made_than_was_thought(book: QuotaBook) -> None:
    allowance = Allowance("key:1", Unit.SPOKEN, Period.DAY, 10.0)
    reservation = await book.reserve([allowance], 4.0)
    assert await reservation.grow(3.0) and await reservation.grow(9.5)
    assert book.account(allowance).left == pytest.approx(0.5)


async def test_what_was_begun_is_finished_and_counted(book: QuotaBook, store: MemoryQuotas) -> None:
    allowance = Allowance("key:1", Unit.SPOKEN, Period.DAY, 10.0)
    reservation = await book.reserve([allowance], 9.0)
    assert not await reservation.grow(12.0)
    assert store.total == 12.0 and book.account(allowance).left == 0.0
    with pytest.raises(QuotaExceeded):
        await book.reserve([allowance], 1.0)


async def test_a_killed_server_has_counted_too_much_at_worst(store: MemoryQuotas, clock: Clock) -> None:
    served = 0
    for _ in range(20):
        book = QuotaBook(store.opened, clock)
        for _ in range(7):
            await book.reserve([characters(10_000)], 13)
            served += 13
        assert served <= store.total  # and the book is gone with its block
    assert served == 20 * 7 * 13


async def test_a_stop_gives_the_rest_back(book: QuotaBook, store: MemoryQuotas) -> None:
    await book.reserve([characters(10_000)], 13)
    assert store.total > 13
    await book.close()
    assert store.total == 13


async def test_while_the_store_is_away_the_limit_holds(book: QuotaBook, store: MemoryQuotas) -> None:
    allowance = characters(100)
    await book.reserve([allowance], 60)
    store.is_away = True
    await book.reserve([allowance], 30)
    with pytest.raises(QuotaExceeded):
        await book.reserve([allowance], 20)
    with pytest.raises(DatabaseAway):
        await book.write()
    store.is_away = False
    await book.write()
    await book.close()
    assert store.total == 90


async def test_a_new_window_begins_with_the_day(book: QuotaBook, clock: Clock) -> None:
    await book.reserve([characters(100)], 100)
    clock.now += 12 * 3600
    await book.reserve([characters(100)], 100)
    with pytest.raises(QuotaExceeded):
        await book.reserve([characters(100, Period.MONTH)], 101)


async def test_a_clock_that_is_set_back_opens_no_window_again(book: QuotaBook, clock: Clock) -> None:
    clock.now += 13 * 3600
    await book.reserve([characters(100)], 100)
    clock.now -= 2 * 3600
    with pytest.raises(QuotaExceeded):
        await book.reserve([characters(100)], 1)


async def test_a_changed_limit_holds_at_once(book: QuotaBook) -> None:
    await book.reserve([characters(100)], 100)
    await book.reserve([characters(150)], 50)
    with pytest.raises(QuotaExceeded):
        await book.reserve([characters(50)], 1)


async def test_nothing_is_left_of_a_quota_of_zero(book: QuotaBook) -> None:
    with pytest.raises(QuotaExceeded):
        await book.reserve([characters(0)], 1)
