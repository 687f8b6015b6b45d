"""Voice activity for many streams at once, with an engine whose judgements can be foretold."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
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
from stts.errors import Conflict, EngineError, EngineTimeout, ShuttingDown
from stts.protocols import Judged
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
        self, frames: NDArray[np.float32], states: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.calls += 1
        assert self.gate.wait(PATIENCE)
        if self.fail:
            raise ValueError("the network broke")
        self.batches.append(len(frames))
        return frames[:, 0] + states[:, 0] / np.float32(100), states + 1


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


class Answers(list[Judged | BaseException]):
    """Everything that a stream was told, in order."""

    async def come(self, count: int) -> Answers:
        await until(lambda: len(self) >= count)
        return self

    @property
    def probabilities(self) -> list[list[float]]:
        return [answer.probabilities for answer in self if isinstance(answer, Judged)]


async def test_calls_of_a_stream_wait_behind_one_another() -> None:
    async with ears() as here:
        stream, told = here.activity.stream(), Answers()
        for levels in ((0.1, 0.2), (), (0.3,), (0.4,)):
            stream.judge(frames(*levels), told.append)
        assert not told, "never within the call"
        await told.come(4)
        assert told.probabilities == [pytest.approx(each) for each in ([0.1, 0.21], [], [0.32], [0.43])]
        assert isinstance(told[0], Judged)
        assert told[0].levels == pytest.approx([-20.0, 20 * np.log10(0.2)], abs=1e-3)


async def test_all_that_a_stream_has_sent_is_judged_in_one_batch() -> None:
    async with ears() as here:
        stream, told = here.activity.stream(), Answers()
        CountingEngine.gate.clear()
        stream.judge(frames(0.1), told.append)
        await until(lambda: here.engine.calls == 1)
        for number in range(ROUNDS):
            stream.judge(frames(0.2, 0.3) if number else frames(0.4), told.append)
        CountingEngine.gate.set()
        await told.come(1 + ROUNDS)
        assert told.probabilities[1:3] == [pytest.approx([0.41]), pytest.approx([0.22, 0.33])]
        assert told.probabilities[-1] == pytest.approx([0.34, 0.45], abs=1e-5)
        assert here.engine.batches == [1] * (2 * ROUNDS)


async def test_who_leaves_before_anybody_looks_is_no_batch() -> None:
    async with ears() as here:
        await here.activity.stream().probabilities(frames(0.1))
        stream, told = here.activity.stream(), Answers()
        await asyncio.sleep(0)
        stream.judge(frames(0.1), told.append)
        stream.close()
        here.activity.stream().judge(frames(0.2), told.append)
        assert (await told.come(1)).probabilities == [pytest.approx([0.2])]
        assert here.engine.batches == [1, 1]


async def test_what_a_failed_batch_has_judged_is_forgotten() -> None:
    async with ears() as here:
        stream, told = here.activity.stream(), Answers()
        here.engine.fail = True
        for levels in ((0.1, 0.2), (0.3,)):
            stream.judge(frames(*levels), told.append)
        await told.come(2)
        assert [type(answer) for answer in told] == [EngineError, EngineError] and told[0] is not told[1]
        here.engine.fail = False
        stream.judge(frames(0.1), told.append)
        assert (await told.come(3)).probabilities == [pytest.approx([0.1])]


async def test_a_callback_that_raises_harms_nobody() -> None:
    raised: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: raised.append(context["exception"]))
    fault = RuntimeError("a session broke")

    def broken(judged: Judged | BaseException) -> None:
        raise fault

    async with ears() as here:
        first, second, told = here.activity.stream(), here.activity.stream(), Answers()
        for _ in range(2):
            first.judge(frames(0.1), broken)
            second.judge(frames(0.2), told.append)
        await told.come(2)
        assert raised == [fault, fault]


async def test_nobody_is_called_after_the_close_of_a_stream() -> None:
    async with ears() as here:
        stream, other, told, last = here.activity.stream(), here.activity.stream(), Answers(), Answers()
        CountingEngine.gate.clear()
        stream.judge(frames(0.1), told.append)
        await until(lambda: here.engine.calls == 1)
        stream.judge(frames(0.1), told.append)
        stream.close()
        stream.judge(frames(0.1), told.append)
        other.judge(frames(0.2), last.append)
        CountingEngine.gate.set()
        await last.come(1)
        assert not told and here.engine.batches == [1, 1]


async def test_who_waits_at_the_end_is_told_so() -> None:
    told = Answers()
    async with ears() as here:
        CountingEngine.gate.clear()
        stream = here.activity.stream()
        stream.judge(frames(0.1), told.append)
        await until(lambda: here.engine.calls == 1)
        stream.judge(frames(0.1), told.append)
        CountingEngine.gate.set()
        await here.activity.close()
        await told.come(2)
    assert [type(answer) for answer in told] == [ShuttingDown, ShuttingDown] and told[0] is not told[1]


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
    state, alone = engine.new_state()[None], []
    for frame in audio:
        probability, state = engine.probabilities(frame[None], state)
        alone.append(float(probability[0]))
    async with ears("silero") as here:
        heard = await asyncio.gather(*(here.activity.stream().probabilities(audio) for _ in range(5)))
    for one in heard:
        # Frames that nobody can hear are not looked at, which the network remembers a little.
        assert one == pytest.approx(alone, abs=0.05)
