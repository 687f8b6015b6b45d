from __future__ import annotations

from contextlib import aclosing

import pytest

from middleware.pipeline import Stage, compose
from middleware.stages.analytics import AnalyticsStage
from middleware.stages.timing import TimingStage
from stts.analytics.history import History, Tally
from stts.analytics.metrics import Metrics
from stts.context import RequestContext
from stts.errors import Busy
from tests.middleware.operations import SPEECH, run_through, spoken


class Counted:
    def __init__(self) -> None:
        self.history = History(60)
        self.metrics = Metrics()
        self.stages: list[Stage] = [AnalyticsStage(self.history, self.metrics), TimingStage()]

    async def tally(self) -> Tally:
        return (await self.history.group(120, lambda minute, labels: "")).get("", Tally())

    def running(self) -> float | None:
        return self.metrics.registry.get_sample_value("stts_operations_in_progress", {"type": "tts"})


async def test_a_finished_operation_is_counted_once() -> None:
    counted = Counted()
    await run_through(counted.stages, spoken())
    tally = await counted.tally()
    assert (tally.operations, tally.completed, tally.errors, tally.audio_seconds, tally.bytes) == (1, 1, {}, 2.0, 8)
    labels = {"type": "tts", "engine": "tone", "format": "wav", "status": "completed"}
    assert counted.metrics.registry.get_sample_value("stts_operations_total", labels) == 1


async def test_a_client_that_leaves_is_no_error() -> None:
    counted = Counted()
    await run_through(counted.stages, spoken(), leave_after=1)
    tally = await counted.tally()
    assert (tally.operations, tally.cancelled, tally.errors) == (1, 1, {})


@pytest.mark.parametrize(("error", "code"), [(Busy("full"), "busy"), (RuntimeError("broken"), "internal_error")])
async def test_errors_are_counted_by_code(error: Exception, code: str) -> None:
    counted = Counted()
    with pytest.raises(type(error)):
        await run_through(counted.stages, spoken(1, error))
    assert (await counted.tally()).errors == {code: 1}


async def test_an_operation_inside_another_is_not_counted_twice() -> None:
    counted = Counted()
    await run_through(counted.stages, spoken(), RequestContext("tts", metadata={"parent_id": "outer"}))
    assert (await counted.tally()).operations == 0


async def test_what_is_under_way_is_known() -> None:
    counted = Counted()
    async with aclosing(compose(counted.stages, spoken())(RequestContext("tts"), SPEECH)) as items:
        await anext(items)
        assert counted.running() == 1
    assert counted.running() == 0
