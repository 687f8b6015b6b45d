"""Interim runs of all streams of one engine: together, and with a rest."""

from __future__ import annotations

import asyncio

import pytest

from adapters.transcription.rhythm import DUTY, LONGEST_REST, Rhythm
from tests.patient import PATIENCE


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Records what is slept, without its time passing."""
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return slept


async def test_the_first_begins_at_once_and_who_comes_meanwhile_waits(slept: list[float]) -> None:
    clock = Clock()
    rhythm = Rhythm(clock)
    began: list[str] = []

    async def another(name: str) -> None:
        async with rhythm.turn():
            began.append(name)

    async with rhythm.turn():
        waiting = [asyncio.create_task(another(name)) for name in "ab"]
        for _ in range(3):
            await asyncio.sleep(0)
        assert began == []
        slept.clear()
        clock.now += 0.3
    await asyncio.gather(*waiting)
    assert sorted(began) == ["a", "b"]
    assert slept == pytest.approx([0.3 * (1 / DUTY - 1)] * 2), "both wake at the same time"


async def test_a_rest_is_never_long(slept: list[float]) -> None:
    clock = Clock()
    rhythm = Rhythm(clock)
    async with rhythm.turn():
        clock.now += 60.0
    async with rhythm.turn():
        pass
    assert slept == [LONGEST_REST]


async def test_who_leaves_or_fails_holds_nobody_up(slept: list[float]) -> None:
    rhythm = Rhythm(Clock())

    async def wait() -> None:
        async with rhythm.turn():
            raise AssertionError("it was cancelled before its turn")

    async with rhythm.turn():
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    with pytest.raises(ValueError, match="mine"):
        async with rhythm.turn():
            raise ValueError("mine")
    async with asyncio.timeout(PATIENCE), rhythm.turn():
        pass


async def test_a_run_that_hangs_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.transcription.rhythm.LONGEST_WAIT", 0.01)
    rhythm = Rhythm()
    async with rhythm.turn(), asyncio.timeout(PATIENCE), rhythm.turn():
        pass
