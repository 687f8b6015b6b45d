"""Requests a minute are counted by a clock that nobody sets."""

from __future__ import annotations

import time

import pytest
from limits import RateLimitItemPerMinute
from limits.aio.strategies import MovingWindowRateLimiter

from stts.access.limits import Rate
from stts.access.rates import RateExceeded, RateLimiter
from stts.access.windows import MovingWindows
from stts.settings.quotas import QuotaSettings


async def test_a_clock_that_is_set_back_refuses_nobody() -> None:
    windows = MovingWindows()
    before = time.monotonic()
    assert await windows.acquire_entry("anna", 1, 60)
    began, count = await windows.get_moving_window("anna", 1, 60)
    assert count == 1 and before <= began <= time.monotonic()


async def test_the_clocks_of_rates_and_their_windows_agree() -> None:
    (state,) = await RateLimiter(QuotaSettings).hit([Rate("key:anna", 1)])
    assert 0.0 < state.reset_seconds <= 60.0  # of two clocks it were far beyond


async def test_a_minute_later_there_is_room_again() -> None:
    now = 0.0
    limiter, rates = RateLimiter(QuotaSettings, lambda: now), [Rate("key:anna", 1), Rate("user:ben", 9)]
    await limiter.hit(rates)
    now = 45.0
    with pytest.raises(RateExceeded) as refused:
        await limiter.hit(rates)
    assert refused.value.retry_after == pytest.approx(15.0)
    assert [state.left for state in refused.value.states] == [0, 8]
    now = 60.0
    assert [state.left for state in await limiter.hit(rates)] == [0, 8]


async def test_the_library_judges_the_same_windows() -> None:
    now = 0.0
    windows, rate = MovingWindows(lambda: now), Rate("key:anna", 5)
    library, item = MovingWindowRateLimiter(windows), RateLimitItemPerMinute(5)
    for now in (0.0, 1.0, 30.0, 59.0):
        windows.add(rate)
        stats = await library.get_window_stats(item, "key:anna")
        left, reset_seconds = windows.left(rate)
        assert (left, now + reset_seconds) == (stats.remaining, stats.reset_time)
    assert await library.hit(item, "key:anna") and not await library.hit(item, "key:anna")
    assert windows.left(rate) == (0, 1.0)
    now = 60.0
    assert windows.left(rate) == (1, 1.0) and await library.test(item, "key:anna")


async def test_those_that_came_longest_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stts.access.windows.MOST_WINDOWS", 2)
    windows = MovingWindows()
    for subject in ("key:anna", "key:ben", "key:anna", "key:carl"):
        windows.add(Rate(subject, 9))
    assert [windows.left(Rate(subject, 9))[0] for subject in ("key:anna", "key:ben", "key:carl")] == [7, 9, 8]
