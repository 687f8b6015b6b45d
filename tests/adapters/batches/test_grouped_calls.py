"""Short calls of several tasks are made in one change of threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial

import pytest

from adapters.batches import grouped_calls
from adapters.batches.grouped_calls import GroupedCalls


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Notes each change of threads."""
    changes: list[int] = []
    to_thread = asyncio.to_thread

    async def noted(call: Callable[[], object]) -> object:
        changes.append(threading.get_ident())
        return await to_thread(call)

    monkeypatch.setattr(asyncio, "to_thread", noted)
    return changes


async def test_calls_that_come_together_are_made_together(groups: list[int]) -> None:
    calls = GroupedCalls()
    assert await asyncio.gather(*(calls.submit(partial(int, number)) for number in range(5))) == [0, 1, 2, 3, 4]
    assert len(groups) == 1


async def test_enough_of_them_wait_for_no_more(groups: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouped_calls, "GATHER_SECONDS", 1e6)
    calls = GroupedCalls()
    count = grouped_calls.MOST_CALLS * 2
    await asyncio.gather(*(calls.submit(lambda: None) for _ in range(count)))
    assert len(groups) == 2


async def test_one_that_fails_concerns_no_other() -> None:
    calls = GroupedCalls()

    def fail() -> None:
        raise OSError("full")

    failed, made = await asyncio.gather(calls.submit(fail), calls.submit(lambda: "made"), return_exceptions=True)
    assert isinstance(failed, OSError)
    assert made == "made"


async def test_one_that_nobody_waits_for_is_made_all_the_same() -> None:
    calls, made = GroupedCalls(), list[str]()
    left, kept = calls.submit(lambda: made.append("left")), calls.submit(lambda: made.append("kept"))
    left.cancel()
    await kept
    assert made == ["left", "kept"]
