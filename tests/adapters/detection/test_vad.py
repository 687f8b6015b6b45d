"""Voice activity for many streams at once, with an engine whose judgements can be foretold."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from numpy.typing import NDArray

from adapters.detection.vad import ROUNDS, EngineVoiceActivity
from adapters.execution.instance import EngineInstance
from engines.registry import GROUP, Registry
from engines.vad.silero import SileroEngine
from stts.engine_api import EngineInfo, Progress, VADEngine
from stts.errors import Conflict, EngineError, EngineTimeout
from stts.settings import LimitSettings, Settings
from tests.adapters.execution.engines_under_test import until
from tests.engines.contract import no_progress
from tests.engines.speech import DATA, read
from tests.patient import PATIENCE
from tests.skipping import skip

CALL_SECONDS = 600.0
"""Skipped where an engine hangs."""


class CountingEngine(VADEngine):
    """The probability of a frame is its first sample plus a hundredth for each frame of the stream before it."""

    gate = threading.Event()
    calls = 0
    batches: list[int]
    fail = False

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("counting", "vad", "")

    def load(self, progress: Progress) -> None:
        self.batches = []

    def new_state(self) -> NDArray[np.float32]:
        return np.zeros(1, np.float32)

    def probabilities(
        self, frames: NDArray[np.float32], states: Sequence[NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        self.calls += 1
        assert self.gate.wait(PATIENCE)
        if self.fail:
            raise ValueError("the network broke")
        self.batches.append(len(frames))
        heard = frames[:, 0] + np.array([state[0] for state in states]) / 100
        return heard.astype(np.float32), [state + 1 for state in states]


class Ears:
    def __init__(self, instance: EngineInstance[VADEngine], activity: EngineVoiceActivity) -> None:
        self.instance = instance
        self.activity = activity

    @property
    def engine(self) -> CountingEngine:
        assert isinstance(self.instance.engine, CountingEngine)
        return self.instance.engine


@asynccontextmanager
async def ears(name: str = "counting", **options: float) -> AsyncIterator[Ears]:
    settings = Settings(limits=LimitSettings(call_seconds=CALL_SECONDS))
    registry = Registry([EntryPoint("counting", f"{__name__}:CountingEngine", GROUP)])
    instance: EngineInstance[VADEngine] = EngineInstance(name, registry, lambda: settings, capacity=2)
    CountingEngine.gate.set()
    activity = EngineVoiceActivity(instance, **options)
    try:
        yield Ears(instance, activity)
    finally:
        CountingEngine.gate.set()
        await activity.close()
        await instance.close()


def frames(*levels: float) -> NDArray[np.float32]:
    return np.repeat(np.array(levels, np.float32)[:, None], 512, axis=1)


async def test_frames_of_a_stream_go_in_order_and_its_state_with_them() -> None:
    async with ears() as here:
        stream = here.activity.stream()
        assert await stream.probabilities(frames(0.1, 0.2)) == pytest.approx([0.1, 0.21])
        assert await stream.probabilities(frames(0.3)) == pytest.approx([0.32])
        assert (await stream.probabilities(frames()[:0])).shape == (0,)


async def test_no_frames_are_no_call() -> None:
    async with ears() as made:
        stream = made.activity.stream()
        for _ in range(2):
            assert len(await stream.probabilities(np.zeros((0, 512), np.float32))) == 0
        stream.close()


async def test_streams_that_wait_are_judged_in_one_batch() -> None:
    async with ears() as here:
        await here.activity.stream().probabilities(frames(0.5))
        waiting = [asyncio.ensure_future(here.activity.stream().probabilities(frames(0.1, 0.2))) for _ in range(40)]
        waiting.append(asyncio.ensure_future(here.activity.stream().probabilities(frames(0.7))))
        for heard in await asyncio.gather(*waiting[:40]):
            assert heard == pytest.approx([0.1, 0.21])
        assert await waiting[40] == pytest.approx([0.7])
        assert here.engine.batches == [1, 41, 40]


async def test_a_long_call_lets_others_in_between() -> None:
    async with ears() as here:
        long = asyncio.ensure_future(here.activity.stream().probabilities(frames(*[0.1] * (5 * ROUNDS))))
        short = asyncio.ensure_future(here.activity.stream().probabilities(frames(0.2)))
        assert await short == pytest.approx([0.2])
        assert not long.done()
        assert await long == pytest.approx([0.1 + index / 100 for index in range(5 * ROUNDS)], abs=1e-5)


async def test_what_nobody_can_hear_is_not_looked_at() -> None:
    async with ears() as here:
        stream = here.activity.stream()
        assert await stream.probabilities(frames(0.0, 0.5, 5e-5, 0.6)) == pytest.approx([0.0, 0.5, 0.0, 0.61])
        assert await stream.probabilities(frames(float("nan"))) == pytest.approx([0.0])
        assert here.engine.batches == [1, 1]


async def test_the_slot_is_held_while_somebody_is_heard_and_then_given_back() -> None:
    async with ears(idle_seconds=0.05) as here:
        stream = here.activity.stream()
        await stream.probabilities(frames(0.1))
        with pytest.raises(Conflict):
            await here.instance.unload()
        await until(lambda: here.instance.running == 0)
        await here.instance.unload()
        assert await stream.probabilities(frames(0.1)) == pytest.approx([0.11])


async def test_a_failure_reaches_all_who_wait_and_the_next_call_works() -> None:
    async with ears() as here:
        stream, other = here.activity.stream(), here.activity.stream()
        await stream.probabilities(frames(0.1))
        here.engine.fail = True
        failed = await asyncio.gather(
            stream.probabilities(frames(0.1)), other.probabilities(frames(0.1)), return_exceptions=True
        )
        assert [type(error) for error in failed] == [EngineError, EngineError] and failed[0] is not failed[1]
        here.engine.fail = False
        assert await stream.probabilities(frames(0.1)) == pytest.approx([0.11])


async def test_an_engine_that_hangs_is_told_of_and_used_again_when_it_is_back() -> None:
    async with ears() as here:
        stream = here.activity.stream()
        await stream.probabilities(frames(0.1))
        CountingEngine.gate.clear()
        hung = asyncio.ensure_future(stream.probabilities(frames(0.1)))
        await until(lambda: here.engine.calls == 2)
        skip(CALL_SECONDS)
        with pytest.raises(EngineTimeout):
            await hung
        with pytest.raises(EngineTimeout):
            await stream.probabilities(frames(0.1))
        CountingEngine.gate.set()
        await until(lambda: here.instance.state == "ready")
        assert (await stream.probabilities(frames(0.1))).shape == (1,)


async def test_who_leaves_costs_the_others_nothing() -> None:
    async with ears() as here:
        await here.activity.stream().probabilities(frames(0.5))
        CountingEngine.gate.clear()
        leaving, staying, closing = (here.activity.stream() for _ in range(3))
        calls = [asyncio.ensure_future(each.probabilities(frames(0.1))) for each in (leaving, staying, closing)]
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError):
            await staying.probabilities(frames(0.1))
        calls[0].cancel()
        closing.close()
        CountingEngine.gate.set()
        assert await calls[1] == pytest.approx([0.1])
        assert calls[2].cancelled() or isinstance(await _outcome(calls[2]), asyncio.CancelledError)
        assert (await leaving.probabilities(frames(0.2))).shape == (1,)


async def _outcome(call: asyncio.Task[object]) -> BaseException | None:
    await asyncio.wait([call])
    return asyncio.CancelledError() if call.cancelled() else call.exception()


async def test_closing_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    async with ears() as here:
        CountingEngine.gate.clear()
        waiting = asyncio.ensure_future(here.activity.stream().probabilities(frames(0.5)))
        await until(lambda: here.instance.running == 1)
        CountingEngine.gate.set()
    await asyncio.wait([waiting])
    assert asyncio.all_tasks() == before


async def test_silero_hears_the_same_as_alone() -> None:
    samples = read(DATA / "kitchen.flac")
    audio = samples[: len(samples) // 512 * 512].reshape(-1, 512)
    engine = Registry().create("silero")
    assert isinstance(engine, SileroEngine)
    engine.load(no_progress)
    state, alone = engine.new_state(), []
    for frame in audio:
        probability, (state,) = engine.probabilities(frame[None], [state])
        alone.append(float(probability[0]))
    async with ears("silero") as here:
        heard = await asyncio.gather(*(here.activity.stream().probabilities(audio) for _ in range(5)))
    for one in heard:
        # Frames that nobody can hear are not looked at, which the network remembers a little.
        assert one == pytest.approx(alone, abs=0.05)
