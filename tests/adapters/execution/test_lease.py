"""How long an engine is waited for, without waiting."""

from __future__ import annotations

import pytest

from adapters.execution.lease import Lease, call_lease, load_lease
from stts.settings import LimitSettings
from tests.skipping import skip

LIMITS = LimitSettings(load_seconds=50, first_seconds=30, call_seconds=20, total_seconds=60)


class Engine:
    """Takes so long for each result; the limits that it was given."""

    def __init__(self) -> None:
        self.given: list[float] = []

    async def __call__(self, seconds: float) -> float:
        self.given.append(round(seconds))
        return seconds


async def test_the_first_result_has_a_limit_of_its_own() -> None:
    engine, lease = Engine(), call_lease(LIMITS)
    for _ in range(3):
        await lease.within(engine)
    assert engine.given == [30, 20, 20]


async def test_a_short_call_has_the_shorter_limit() -> None:
    engine = Engine()
    await call_lease(LIMITS, 5).within(engine)
    await call_lease(LIMITS, 500).within(engine)
    assert engine.given == [5, 30]


async def test_only_the_time_that_an_engine_is_waited_for_counts() -> None:
    given: list[float] = []

    async def slow(seconds: float) -> None:
        given.append(round(seconds))
        skip(25)

    lease = call_lease(LIMITS)
    await lease.within(slow)
    skip(1000)
    await lease.within(slow)
    with pytest.raises(TimeoutError):
        await lease.within(slow)
    assert given == [30, 20, 10]
    assert lease.exceeded() == "worked on one call for too long"


async def test_a_load_has_no_total() -> None:
    engine, lease = Engine(), load_lease(LIMITS)
    for _ in range(10):
        await lease.within(engine)
        skip(40)
    assert engine.given == [50] * 10


async def test_what_went_wrong_is_told_apart() -> None:
    assert Lease(1, 1, 10).exceeded() == "said nothing for too long"
