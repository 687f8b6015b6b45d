"""The judge of turns: an answer in time, or none."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict
from structlog.testing import capture_logs

from adapters.detection.end_of_turn import EngineTurnDetector
from adapters.weights import WeightsLookup
from engines.registry import GROUP, Registry
from stts.engine_api import EngineInfo, Progress, Samples, TurnEngine
from stts.settings import ConversationSettings, EngineSettings, Settings
from tests.adapters.execution.engines_under_test import until
from tests.audio import tone
from tests.engines.onnx_file import write_mean_model
from tests.patient import PATIENCE
from tests.wired import Engines


class JudgeOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    runs_in: str = "inline"
    weights: bool = True


class Judge(TurnEngine):
    """Takes loudness for being finished; fails for a single sample, and waits where it is told to."""

    Options = JudgeOptions
    options: JudgeOptions
    go_on = threading.Event()
    """Set: it answers at once."""
    asked = 0

    @property
    def info(self) -> EngineInfo:
        runs_in: Any = self.options.runs_in
        return EngineInfo(name="judge", kind="turn", description="", runs_in=runs_in)

    def weights_present(self) -> bool:
        return self.options.weights

    def load(self, progress: Progress) -> None: ...

    def finished(self, samples: Samples) -> float:
        Judge.asked += 1
        if len(samples) == 1:
            raise ZeroDivisionError
        if self.options.runs_in == "inline":
            assert Judge.go_on.wait(PATIENCE)
        return float(abs(samples).max())


@pytest.fixture(autouse=True)
def at_once() -> None:
    Judge.go_on.set()
    Judge.asked = 0


BROKEN = np.ones(1, np.float32)


def said(samples: Samples) -> Callable[[], Sequence[Samples]]:
    """In two pieces."""
    return lambda: (samples[: len(samples) // 2], samples[len(samples) // 2 :])


@asynccontextmanager
async def detector(
    name: str = "judge",
    options: Mapping[str, Any] | None = None,
    timeout_seconds: float = 30.0,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[tuple[EngineTurnDetector, Engines]]:
    """Patient, so that no test depends on how busy the machine is."""
    settings = Settings(
        conversation=ConversationSettings(turn_detector=name),
        engines=EngineSettings(options={name: dict(options or {})} if options else {}),
    )
    registry = Registry([EntryPoint("judge", f"{__name__}:Judge", GROUP)])
    engines = Engines(registry, lambda: settings)
    try:
        yield (
            EngineTurnDetector(
                engines.catalogue.instances, lambda: settings, WeightsLookup(), timeout=timeout_seconds, clock=clock
            ),
            engines,
        )
    finally:
        await engines.close()


@pytest.mark.socket
@pytest.mark.parametrize("runs_in", ["inline", "process"])
async def test_the_answer_is_the_engine_s(runs_in: str) -> None:
    async with detector(options={"runs_in": runs_in}) as (judge, _):
        assert await judge.finished(said(tone(1.0))) == pytest.approx(0.5, abs=1e-3)
        assert await judge.finished(said(np.zeros(16_000, np.float32))) is None, (
            "silence sounds finished to such engines"
        )


async def test_smart_turn_itself(tmp_path: Path) -> None:
    model = write_mean_model(tmp_path / "turn.onnx")
    async with detector("smart_turn", {"model": str(model)}) as (judge, engines):
        answer = await judge.finished(said(tone(3.0)))
        assert answer is not None and 0.0 < answer < 1.0
        await engines.load("smart_turn")
        probe = engines.instance("smart_turn").last_probe
        assert probe is not None and probe.ok


@pytest.mark.parametrize(
    ("name", "options"),
    [("none", None), ("espeak", None), ("judge", {"weights": False}), ("smart_turn", {"model": "no-such-model"})],
)
async def test_without_an_engine_that_could_tell_nobody_is_asked(name: str, options: dict[str, Any] | None) -> None:
    with capture_logs() as lines:
        async with detector(name, options) as (judge, engines):
            assert await judge.finished(said(tone(1.0))) is None
            assert (
                engines.catalogue.instances["judge"].state == engines.catalogue.instances["smart_turn"].state == "cold"
            )
    assert Judge.asked == 0 and not lines


async def test_a_session_without_an_engine_that_could_tell_keeps_nothing_for_it() -> None:
    time_now = 0.0
    async with detector(clock=lambda: time_now) as (judge, _):
        assert judge.may_answer
    async with detector("none") as (judge, _):
        assert not judge.may_answer
    async with detector(options={"weights": False}, clock=lambda: time_now) as (judge, _):
        assert judge.may_answer, "nobody has looked"
        assert await judge.finished(said(tone(1.0))) is None
        assert not judge.may_answer
        time_now += 61.0
        assert judge.may_answer
        assert await judge.finished(said(tone(1.0))) is None and not judge.may_answer
        judge._weights.forget("anything")
        assert judge.may_answer, "models have come or gone"


async def test_a_failure_is_no_answer_and_told_once() -> None:
    async with detector() as (judge, engines):
        await engines.load("judge")
        with capture_logs() as lines:
            assert [await judge.finished(said(BROKEN)) for _ in range(3)] == [None] * 3
            assert [line["event"] for line in lines] == ["turn_detector_failed"]
            assert await judge.finished(said(tone(1.0))) is not None
            await judge.finished(said(BROKEN))
            assert len(lines) == 2, "it had worked in between"


async def test_who_answers_too_late_is_not_waited_for() -> None:
    async with detector(timeout_seconds=0.02) as (judge, engines):
        await engines.load("judge")
        Judge.go_on.clear()
        with capture_logs() as lines:
            assert await judge.finished(said(tone(1.0))) is None
        assert [line["code"] for line in lines] == ["engine_timeout"]
        Judge.go_on.set()
        judge.timeout = 30.0
        assert await judge.finished(said(tone(1.0))) == pytest.approx(0.5, abs=1e-3)


async def test_who_waits_for_the_engine_is_not_heard_when_nobody_wants_to_know_any_more() -> None:
    async with detector() as (judge, engines):
        await engines.load("judge")
        Judge.asked = 0
        Judge.go_on.clear()
        asking = asyncio.create_task(judge.finished(said(tone(1.0))))
        await until(lambda: engines.instance("judge").running == 1)
        wanted = [tone(1.0)]
        waiting = asyncio.create_task(judge.finished(lambda: wanted))
        await until(lambda: engines.instance("judge").waiting == 1)
        wanted.clear()
        Judge.go_on.set()
        assert await asking is not None and await waiting is None
    assert Judge.asked == 1


async def test_who_would_be_answered_too_late_is_not_heard_and_nothing_is_told() -> None:
    times = iter([0.0, 0.0, 20.0, 20.0, 41.0, 41.0, 41.0, 42.0])
    with capture_logs() as lines:
        async with detector(clock=lambda: next(times)) as (judge, engines):
            await engines.load("judge")
            Judge.asked = 0
            assert await judge.finished(said(tone(1.0))) is not None
            assert judge.expected == pytest.approx(4.0), "a fifth of what the first took"
            judge.expected = 10.0
            assert await judge.finished(said(tone(1.0))) is None, "it got the engine after 21 of its 30 seconds"
            judge.expected = 100.0
            assert await judge.finished(said(tone(1.0))) is not None, "who need not wait is always heard"
    assert Judge.asked == 2 and not lines


async def test_the_first_question_loads_the_engine_and_does_not_wait_for_it() -> None:
    with capture_logs() as lines:
        async with detector(timeout_seconds=0.0) as (judge, engines):
            assert await judge.finished(said(tone(1.0))) is None
            await engines.load("judge")
            assert engines.instance("judge").state == "ready"
    assert not lines


async def test_who_stops_asking_is_gone_at_once() -> None:
    async with detector() as (judge, engines):
        await engines.load("judge")
        Judge.go_on.clear()
        asking = asyncio.create_task(judge.finished(said(tone(1.0))))
        await until(lambda: engines.instance("judge").running == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        Judge.go_on.set()
        assert await judge.finished(said(tone(1.0))) is not None
