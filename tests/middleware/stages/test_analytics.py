from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import cast

import pytest

from middleware.pipeline import Stage, compose
from middleware.stages.analytics import AnalyticsStage
from middleware.stages.timing import TimingStage
from stts.analytics.history import History, Tally
from stts.analytics.metrics import Metrics
from stts.analytics.record import OperationRecord
from stts.context import RequestContext, RequestType
from stts.errors import Busy
from stts.plans import SpeechRequest
from stts.speech import AudioChunk
from tests.middleware.operations import SPEECH, run_through, spoken


class Counted:
    def __init__(self) -> None:
        self.history = History(60)
        self.metrics = Metrics()
        self.stages: list[Stage] = [AnalyticsStage((self.history, self.metrics)), TimingStage()]

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


async def test_a_stage_that_refuses_is_an_error_wherever_it_stands() -> None:
    async def refuse(context: RequestContext, request: SpeechRequest, call_next: object) -> AsyncIterator[AudioChunk]:
        raise Busy("No more for this key.")
        yield

    for place in (1, 2):
        counted = Counted()
        counted.stages.insert(place, cast(Stage, refuse))
        with pytest.raises(Busy):
            await run_through(counted.stages, spoken())
        tally = await counted.tally()
        assert (tally.operations, tally.errors, tally.total.total) == (1, {"busy": 1}, 1)
        refused = {"type": "tts", "engine": "none", "format": "none", "status": "error"}
        assert counted.metrics.registry.get_sample_value("stts_operations_total", refused) == 1


async def test_a_third_writer_is_one_class() -> None:
    class Usage:
        """Seconds of audio by principal, as a database of usage would keep them."""

        def __init__(self) -> None:
            self.seconds = 0.0

        def operation_started(self, request_type: RequestType) -> None: ...

        def operation_finished(self, record: OperationRecord) -> None:
            self.seconds += record.audio_seconds

    usage = Usage()
    await run_through([AnalyticsStage((usage,)), TimingStage()], spoken())
    assert usage.seconds == 2.0


async def test_an_operation_inside_another_is_not_counted_twice() -> None:
    counted = Counted()
    await run_through(counted.stages, spoken(), RequestContext("tts", parent=RequestContext("conversation")))
    assert (await counted.tally()).operations == 0


async def test_what_is_under_way_is_known() -> None:
    counted = Counted()
    async with aclosing(compose(counted.stages, spoken())(RequestContext("tts"), SPEECH)) as items:
        await anext(items)
        assert counted.running() == 1
    assert counted.running() == 0
