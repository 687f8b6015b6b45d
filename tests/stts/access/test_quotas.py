"""Quotas: exact at once, kept over a kill, given back at a stop, counted while the store is away."""

from __future__ import annotations

import asyncio
from collections import Counter as Totals
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count

import pytest

from stts.access.allowances import Allowance, Claim, Counter, Period, QuotaExceeded, Standing, Unit
from stts.access.quotas import QuotaBook
from stts.errors import DatabaseAway
from tests.stts.access.keys import Clock

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()


class MemoryQuotas:
    """A QuotaStore without a database. Each call lets others run first, as a database does."""

    def __init__(self) -> None:
        self.amounts: Totals[Counter] = Totals()
        self.calls = 0
        self.is_away = False

    async def opened(self) -> MemoryQuotas:
        await asyncio.sleep(0)
        if self.is_away:
            raise DatabaseAway("The database does not answer.")
        self.calls += 1
        return self

    async def claim(self, counter: Counter, at_least: float, at_most: float, most: float) -> Claim:
        if self.amounts[counter] + at_least > most:
            return Claim(0.0, self.amounts[counter])
        granted = max(at_least, min(at_most, most - self.amounts[counter]))
        self.amounts[counter] += granted  # type: ignore[assignment]
        return Claim(granted, self.amounts[counter])

    async def used(self, counters: Sequence[Counter]) -> Mapping[Counter, float]:
        return {each: self.amounts[each] for each in counters if each in self.amounts}

    async def largest(self, prefix: str, unit: str, window: str, most: int) -> Mapping[str, float]:
        wanted = (unit, window)
        of = {each.subject: used for each, used in self.amounts.items() if (each.unit, each.window) == wanted}
        names = sorted((name for name in of if name.startswith(prefix)), key=lambda name: -of[name])
        return {name: of[name] for name in names[:most]}

    async def sums(self, subjects: Sequence[str], windows: Sequence[str]) -> Mapping[Counter, float]:
        return {
            each: used for each, used in self.amounts.items() if each.subject in subjects and each.window in windows
        }

    async def remove_before(self, window: str) -> int:
        old = [each for each in self.amounts if each.window < window]
        for each in old:
            del self.amounts[each]
        return len(old)

    async def add(self, amounts: Sequence[tuple[Counter, float]]) -> None:
        for counter, amount in amounts:
            self.amounts[counter] += amount  # type: ignore[assignment]

    @property
    def total(self) -> float:
        return sum(self.amounts.values())


def characters(most: float, period: Period = Period.DAY, subject: str = "key:1") -> Allowance:
    return Allowance(subject, Unit.CHARACTERS, period, most)


def left(book: QuotaBook, allowance: Allowance) -> float:
    (standing,) = book.standings([allowance]) or [Standing(allowance, allowance.most, 0.0)]
    return standing.left


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


async def test_a_quota_begins_anew_at_midnight_however_long_the_sentence_takes(store: MemoryQuotas) -> None:
    times = count(NOON, 1e-4)
    book = QuotaBook(store.opened, lambda: next(times))
    with pytest.raises(QuotaExceeded) as caught:
        await book.reserve([characters(10)], 11)
    assert caught.value.message.endswith("It begins anew at 2026-11-30 00:00 UTC.")


async def test_a_refusal_says_what_is_left_and_when_there_is_more(book: QuotaBook) -> None:
    await book.reserve([characters(100, Period.MONTH)], 90)
    with pytest.raises(QuotaExceeded) as caught:
        await book.reserve([characters(100, Period.MONTH)], 11)
    assert caught.value.message == (
        "The quota of 100 characters a month of this key does not allow it: 10 are left, 11 are needed. "
        "It begins anew at 2026-12-01 00:00 UTC."
    )
    assert caught.value.status == 429 and caught.value.retry_after == 36 * 3600


async def test_what_one_account_refuses_costs_the_others_nothing(book: QuotaBook) -> None:
    day, month = characters(1000), characters(50, Period.MONTH)
    with pytest.raises(QuotaExceeded, match="month"):
        await book.reserve([day, month], 60)
    assert left(book, day) == 1000 and left(book, month) == 50


async def test_what_was_not_used_comes_back(book: QuotaBook) -> None:
    allowance = characters(100)
    reservation = await book.reserve([allowance], 100)
    await reservation.settle(30)
    assert left(book, allowance) == 70
    await reservation.settle(30)
    await book.reserve([allowance], 70)
    assert left(book, allowance) == 0


async def test_it_grows_while_more_is_made_than_was_thought(book: QuotaBook) -> None:
    allowance = Allowance("key:1", Unit.SPOKEN, Period.DAY, 10.0)
    reservation = await book.reserve([allowance], 4.0)
    assert await reservation.grow(3.0) and await reservation.grow(9.5)
    assert left(book, allowance) == pytest.approx(0.5)


async def test_what_was_begun_is_finished_and_counted(book: QuotaBook, store: MemoryQuotas) -> None:
    allowance = Allowance("key:1", Unit.SPOKEN, Period.DAY, 10.0)
    reservation = await book.reserve([allowance], 9.0)
    assert not await reservation.grow(12.0)
    assert store.total == 12.0 and left(book, allowance) == 0.0
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
    await book.reserve([characters(100_000)], 100)
    with pytest.raises(QuotaExceeded):
        await book.reserve([characters(100)], 1)
    with pytest.raises(QuotaExceeded):
        await book.reserve([characters(0)], 1)


async def test_a_raised_limit_holds_at_once(book: QuotaBook) -> None:
    await book.reserve([characters(100)], 100)
    await book.reserve([characters(150)], 50)


async def test_what_was_used_during_an_outage_is_not_granted_again(book: QuotaBook, store: MemoryQuotas) -> None:
    await book.reserve([characters(1000)], 500)
    store.is_away = True
    await book.reserve([characters(1000)], 500)
    store.is_away = False
    with pytest.raises(QuotaExceeded):
        await book.reserve([characters(1000)], 1)
    await book.write()
    assert store.total == 1000


async def test_accounts_with_something_in_hand_are_not_forgotten(
    book: QuotaBook, store: MemoryQuotas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stts.access.quotas.MOST_ACCOUNTS", 3)
    held = await book.reserve([characters(100, subject="key:held")], 10)
    store.is_away = True
    for number in range(10):
        reservation = await book.reserve([characters(100, subject=f"key:{number}")], 10)
        await reservation.settle(10)
    store.is_away = False
    await book.write()
    await held.settle(10)
    await book.close()
    assert store.total == 110


async def test_idle_accounts_are_forgotten(book: QuotaBook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stts.access.quotas.MOST_ACCOUNTS", 3)
    for number in range(10):
        reservation = await book.reserve([characters(100, subject=f"key:{number}")], 10)
        await reservation.settle(10)
    assert book.standings([characters(100, subject="key:0")]) == []
    assert book.standings([characters(100, subject="key:9")]) != []


async def test_a_cancelled_growth_makes_no_quota(book: QuotaBook, store: MemoryQuotas) -> None:
    allowance = Allowance("key:1", Unit.SPOKEN, Period.DAY, 100.0)
    reservation = await book.reserve([allowance], 2.0)
    growing = asyncio.ensure_future(reservation.grow(80.0))
    await asyncio.sleep(0)
    growing.cancel()
    await asyncio.wait([growing])
    await reservation.settle(5.0)
    assert left(book, allowance) <= 95.0
    await book.close()
    assert store.total >= 5.0


async def test_who_is_cancelled_at_the_end_has_used_it_all_the_same(book: QuotaBook, store: MemoryQuotas) -> None:
    allowance = Allowance("key:1", Unit.HEARD, Period.DAY, 10.0)
    reservation = await book.reserve([allowance], 1.0)
    settling = asyncio.ensure_future(reservation.settle(9.0))
    await asyncio.sleep(0)
    settling.cancel()
    await asyncio.wait([settling])
    await book.write()
    await book.close()
    assert store.total >= 9.0


async def test_a_refused_caller_in_a_loop_does_not_ask_the_store(store: MemoryQuotas, clock: Clock) -> None:
    monotonic = Clock()
    book = QuotaBook(store.opened, clock, monotonic)
    await book.reserve([characters(10)], 10)
    calls = store.calls
    for _ in range(50):
        with pytest.raises(QuotaExceeded):
            await book.reserve([characters(10)], 1)
    assert store.calls == calls + 1
    monotonic.now += 2.0
    store.amounts.clear()  # another server gave back
    await book.reserve([characters(10)], 1)


async def test_old_windows_are_forgotten(book: QuotaBook, store: MemoryQuotas) -> None:
    store.amounts.update({Counter("key:1", "characters", window): 5 for window in ("2026-08", "2026-08-31", "2026-11")})
    await book.remove_old()
    assert [each.window for each in store.amounts] == ["2026-11"]


async def test_nothing_is_left_of_a_quota_of_zero(book: QuotaBook) -> None:
    with pytest.raises(QuotaExceeded):
        await book.reserve([characters(0)], 1)


async def test_what_another_call_has_only_reserved_is_not_used_up(book: QuotaBook) -> None:
    wanted = [characters(100)]
    other = await book.reserve(wanted, 99)
    mine = await book.reserve(wanted, 1)
    assert not await mine.grow(30) and book.used_up(wanted, 1) is None
    await other.grow(60)
    assert book.used_up(wanted, 1) is None
    await other.settle(60)
    assert book.used_up(wanted, 1) is None and book.standings(wanted)[0].left == 10
    assert not await mine.grow(41)
    error = book.used_up(wanted, 1)
    assert error is not None and "is used up" in error.message


async def test_a_reservation_that_grows_is_used(book: QuotaBook) -> None:
    wanted = [characters(100)]
    reservation = await book.reserve(wanted, 1)
    assert not await reservation.grow(101) and book.used_up(wanted, 1) is not None
    await reservation.settle(101)
    assert book.used_up(wanted, 1) is not None


async def test_nothing_stays_unused_when_all_is_settled(book: QuotaBook) -> None:
    wanted = [characters(100)]
    for used in (0, 5, 10, 20):
        await (await book.reserve(wanted, 10)).settle(used)
        assert book.account(wanted[0]).unused == 0.0
    assert book.standings(wanted)[0].left == 65


async def test_what_is_at_hand_is_taken_and_settled_without_the_store(book: QuotaBook, store: MemoryQuotas) -> None:
    allowances = (characters(1000), characters(5000, Period.MONTH))
    assert book.at_hand(allowances, 10) is None
    await (await book.reserve(allowances, 10)).settle(10)
    calls = store.calls
    reservation = book.at_hand(allowances, 5)
    assert reservation is not None and reservation.has(4) and not reservation.has(6)
    assert not reservation.settle_at_hand(6)
    assert reservation.settle_at_hand(4) and reservation.settle_at_hand(0)
    assert [standing.left for standing in book.standings(allowances)] == [986, 4986]
    assert store.calls == calls


async def test_accounts_that_were_found_are_those_of_the_day(book: QuotaBook, clock: Clock) -> None:
    allowances = (characters(100),)
    await book.reserve(allowances, 90)
    clock.now += 86_400
    assert book.at_hand(allowances, 5) is None
    await book.reserve(allowances, 90)


async def test_an_account_that_is_forgotten_is_found_anew(
    book: QuotaBook, store: MemoryQuotas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stts.access.quotas.MOST_ACCOUNTS", 1)
    allowances = (characters(1000),)
    await (await book.reserve(allowances, 1)).settle(1)
    await (await book.reserve((characters(1000, subject="key:2"),), 1)).settle(1)
    await book.write()
    # Its block went back: what is left of that is no more at hand.
    assert book.at_hand(allowances, 1) is None
    await (await book.reserve(allowances, 1)).settle(1)
    await book.close()
    assert store.total == 3
