"""Pieces of jobs are made one after the other in one slot, and each is its own affair all the same."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

import pytest

from adapters.execution.instance import EngineInstance
from adapters.probes import PROBE_TEXT
from adapters.speech import series
from engines.registry import GROUP, Registry
from stts.context import Priority, RequestContext
from stts.engine_api import EngineInfo, EngineLimits, Samples, SpeechParams, Voice
from stts.errors import EngineError
from stts.plans import SpeechRequest
from stts.settings import Settings
from stts.speech import SynthesisConfig
from tests.fakes import NO_FALL_BACK, ToneEngine
from tests.patience import PATIENCE
from tests.stts.analytics.usages import until
from tests.wired import Engines


class GatedEngine(ToneEngine):
    """A tone that waits at a gate, one call at a time; `break` raises."""

    spoken: ClassVar[list[str]] = []
    gate: ClassVar[threading.Semaphore]

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, name="gated", limits=EngineLimits(concurrency=1), real_time_factor=0.0001)

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        if text == PROBE_TEXT:
            yield from super().synthesize(text, voice, params)
            return
        self.spoken.append(text)
        assert self.gate.acquire(timeout=PATIENCE)
        if "break" in text:
            raise RuntimeError("it broke")
        yield from super().synthesize(text, voice, params)


@pytest.fixture
async def engines(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engines]:
    GatedEngine.spoken.clear()
    GatedEngine.gate = threading.Semaphore(0)
    monkeypatch.setattr(series, "HELD_SECONDS", PATIENCE)
    settings = Settings(routing=NO_FALL_BACK)
    made = Engines(Registry([EntryPoint("gated", f"{__name__}:GatedEngine", GROUP)]), lambda: settings)
    await made.load("gated")
    yield made
    GatedEngine.gate.release(100)
    await made.close()


@pytest.fixture
def slots(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The deadlines of all slots that are asked for."""
    asked: list[float] = []
    slot = EngineInstance.slot

    def noted(self: EngineInstance[Any], deadline: float, *, begun: bool = False) -> Any:
        asked.append(deadline)
        return slot(self, deadline, begun=begun)

    monkeypatch.setattr(EngineInstance, "slot", noted)
    return asked


async def said(engines: Engines, text: str, priority: Priority = Priority.BATCH) -> float:
    """Seconds of audio."""
    context = RequestContext("tts", priority=priority)
    async with aclosing(engines.speak(context, SpeechRequest(text, SynthesisConfig(engine="gated")))) as chunks:
        return sum([chunk.seconds async for chunk in chunks])


def begun(engines: Engines, *texts: str) -> list[asyncio.Task[float]]:
    return [asyncio.create_task(said(engines, text)) for text in texts]


async def at_work(count: int) -> None:
    """Returns when the engine is at its so many-th text, and all that follows it has joined."""
    await until(lambda: len(GatedEngine.spoken) >= count)
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_joins_meanwhile_is_made_in_the_same_slot(engines: Engines, slots: list[float]) -> None:
    tasks = begun(engines, "One.", "Two.", "Three.")
    await at_work(1)
    GatedEngine.gate.release(3)
    seconds = await asyncio.gather(*tasks)
    assert GatedEngine.spoken == ["One.", "Two.", "Three."]
    assert all(each > 0.2 for each in seconds)
    assert len(slots) == 1


async def test_a_series_that_was_held_for_long_ends_with_its_piece(
    engines: Engines, slots: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "HELD_SECONDS", 0.0)
    tasks = begun(engines, "One.", "Two.")
    await at_work(1)
    GatedEngine.gate.release(2)
    await asyncio.gather(*tasks)
    assert len(slots) == 2


async def test_whoever_waits_goes_before_the_rest_of_it(engines: Engines) -> None:
    tasks = begun(engines, "One.", "Two.", "Three.")
    await at_work(1)
    stream = asyncio.create_task(said(engines, "I wait.", Priority.STREAM))
    await at_work(1)
    GatedEngine.gate.release(4)
    await asyncio.gather(stream, *tasks)
    assert GatedEngine.spoken == ["One.", "I wait.", "Two.", "Three."]


async def test_one_that_fails_costs_no_other(engines: Engines) -> None:
    tasks = begun(engines, "One.", "A break.", "Three.")
    GatedEngine.gate.release(3)
    first, second, third = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(second, EngineError)
    assert isinstance(first, float) and isinstance(third, float)


async def test_one_that_leaves_costs_no_other(engines: Engines) -> None:
    tasks = begun(engines, "One.", "Two.", "Three.", "Four.")
    await at_work(1)
    tasks[2].cancel()
    tasks[0].cancel()
    await asyncio.sleep(0)
    GatedEngine.gate.release(4)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(each, float) for each in results] == [False, True, False, True]
    assert GatedEngine.spoken == ["One.", "Two.", "Four."]


async def test_nothing_is_left_when_all_have_left(engines: Engines) -> None:
    before = asyncio.all_tasks()
    tasks = begun(engines, "One.", "Two.")
    await at_work(1)
    for task in tasks:
        task.cancel()
    for _ in range(3):  # they hear of it before the engine goes on
        await asyncio.sleep(0)
    GatedEngine.gate.release(1)
    await asyncio.wait(tasks)
    await until(lambda: not asyncio.all_tasks() - before)
    assert engines.instance("gated").running == 0
    assert GatedEngine.spoken == ["One."]


async def test_a_long_text_is_made_in_pieces(engines: Engines) -> None:
    GatedEngine.gate.release(100)
    text = "One sentence after the other, and every one of them is spoken. " * 40
    assert await said(engines, text) > 100
    assert len(GatedEngine.spoken) > 1
