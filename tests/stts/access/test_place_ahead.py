"""Places that are asked for ahead: adopted once, given back where no work begins, counted once for one request."""

from __future__ import annotations

import asyncio

import pytest

from stts.access.concurrency import Concurrency
from stts.access.limits import Subject
from stts.access.place_ahead import AHEAD_SECONDS, Places
from stts.errors import LimitsAway, TooManyRequests
from tests.virtual import virtual

ANNA = Subject("key:anna", {"concurrent": 1})


class Elsewhere:
    """SharedPlaces with one place, which answers after a second, or says that nobody answers."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.held: set[str] = set()
        self.seconds = seconds
        self.asked = 0
        self.is_away = False

    async def take(self, holder: str, kind: str, places: Places) -> int | None:
        self.asked += 1
        if self.is_away:
            raise LimitsAway("Redis does not answer.")
        if self.held:
            return 0
        self.held.add(holder)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.held.discard(holder)
            raise
        return None

    def give_back(self, holder: str) -> None:
        self.held.discard(holder)


@virtual
async def test_who_asked_ahead_asks_once() -> None:
    elsewhere = Elsewhere()
    concurrency = Concurrency("concurrent", elsewhere)
    ahead = concurrency.ahead([ANNA])
    assert ahead is not None
    give_back = await concurrency.take([ANNA], ahead)
    ahead.end()
    await asyncio.sleep(2 * AHEAD_SECONDS)
    assert elsewhere.asked == 1 and len(elsewhere.held) == 1
    give_back()
    assert not elsewhere.held


@virtual
async def test_one_that_is_still_asked_for_is_waited_for() -> None:
    elsewhere = Elsewhere(AHEAD_SECONDS / 2)
    concurrency = Concurrency("concurrent", elsewhere)
    ahead = concurrency.ahead([ANNA])
    give_back = await concurrency.take([ANNA], ahead)
    assert elsewhere.asked == 1
    give_back()


@virtual
async def test_it_is_given_back_where_no_work_begins() -> None:
    elsewhere = Elsewhere()
    concurrency = Concurrency("concurrent", elsewhere)
    ahead = concurrency.ahead([ANNA])
    assert ahead is not None
    await asyncio.sleep(0.001)
    assert elsewhere.held
    ahead.end()
    assert not elsewhere.held
    under_way = concurrency.ahead([ANNA])
    assert under_way is not None
    await asyncio.sleep(0)
    under_way.end()
    await asyncio.sleep(0.001)
    assert not elsewhere.held


@virtual
async def test_who_sends_slowly_keeps_nobody_out() -> None:
    elsewhere = Elsewhere()
    concurrency = Concurrency("concurrent", elsewhere)
    ahead = concurrency.ahead([ANNA])
    await asyncio.sleep(2 * AHEAD_SECONDS)
    assert not elsewhere.held
    give_back = await concurrency.take([ANNA], ahead)
    assert elsewhere.asked == 2 and elsewhere.held
    give_back()


@virtual
async def test_one_that_was_refused_ahead_is_asked_for_again() -> None:
    elsewhere = Elsewhere()
    elsewhere.held.add("another server")
    concurrency = Concurrency("concurrent", elsewhere)
    ahead = concurrency.ahead([ANNA])
    await asyncio.sleep(0.001)
    elsewhere.held.clear()
    give_back = await concurrency.take([ANNA], ahead)
    assert concurrency.ahead([ANNA]) is None, "it is known here that there is none"
    with pytest.raises(TooManyRequests):
        await concurrency.take([ANNA])
    give_back()


@virtual
async def test_why_none_was_granted_is_told_to_who_needs_it() -> None:
    elsewhere = Elsewhere()
    elsewhere.is_away = True
    concurrency = Concurrency("concurrent", elsewhere)
    ahead = concurrency.ahead([ANNA])
    with pytest.raises(LimitsAway):
        await concurrency.take([ANNA], ahead)
    elsewhere.is_away = False
    (await concurrency.take([ANNA], ahead))()


@virtual
async def test_changed_limits_are_asked_for_anew_and_counted_once() -> None:
    elsewhere = Elsewhere()
    concurrency = Concurrency("concurrent", elsewhere)
    ahead = concurrency.ahead([ANNA])
    await asyncio.sleep(0.001)
    give_back = await concurrency.take([Subject("key:anna", {"concurrent": 2})], ahead)
    assert len(elsewhere.held) == 1
    give_back()


@virtual
async def test_only_places_that_are_a_keys_own_are_asked_for_ahead() -> None:
    for other in ("user:1", "address:1.2.3.0/24"):
        elsewhere = Elsewhere()
        concurrency = Concurrency("concurrent", elsewhere)
        shared = [ANNA, Subject(other, {"concurrent": 9})]
        assert concurrency.ahead(shared) is None
        await asyncio.sleep(0.001)
        assert not elsewhere.asked, "others may need it, and its rates may refuse the caller"
        (await concurrency.take(shared))()
        ahead = concurrency.ahead([ANNA, Subject(other, {"sessions": 1})])
        assert ahead is not None
        ahead.end()


async def test_nobody_is_asked_where_a_process_counts_alone_or_nothing_is_limited() -> None:
    assert Concurrency("concurrent").ahead([ANNA]) is None
    assert Concurrency("concurrent", Elsewhere()).ahead([Subject("key:anna", {"sessions": 1})]) is None
