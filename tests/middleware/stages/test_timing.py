from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest

from middleware.pipeline import compose
from middleware.stages.timing import TimingStage, server_timing
from stts.context import RequestContext
from stts.errors import Busy
from stts.plans import SpeechRequest
from stts.speech import RETRACTION, AudioChunk
from stts.timings import Timings
from stts.transcription import TranscriptRetracted
from tests.middleware.operations import run_through, spoken


def context() -> RequestContext:
    return RequestContext("tts", start_time=100.0)


def clock(*seconds: float) -> Callable[[], float]:
    """Shows these one after the other, and the last of them for ever."""
    times = iter(seconds)
    return lambda: next(times, seconds[-1])


async def test_first_item_and_total_count_from_the_start_of_the_request() -> None:
    done = await run_through([TimingStage(clock(101.0))], spoken(3), context(), clock=clock(102.0))
    assert (done.metrics.first_item, done.metrics.total, done.metrics.bytes) == (1.0, 2.0, 12)
    assert done.status == "completed"


@pytest.mark.parametrize("retraction", [RETRACTION, TranscriptRetracted()])
async def test_what_is_taken_back_has_no_first_item_and_no_bytes(retraction: AudioChunk | TranscriptRetracted) -> None:
    seen: list[float | None] = []

    async def made_anew(context: RequestContext, request: object) -> AsyncIterator[AudioChunk | TranscriptRetracted]:
        yield AudioChunk(b"first", 0.1)
        yield retraction
        seen.append(context.metrics.first_item)
        yield AudioChunk(b"anew", 0.1)

    stage, answer = TimingStage(clock(101.0, 105.0)), context()
    async with aclosing(compose([stage], made_anew)(answer, None)) as items:
        async for _ in items:
            pass
    assert (seen, answer.metrics.first_item, answer.metrics.bytes) == ([None], 5.0, 4)


async def test_an_operation_without_items_has_no_first_one() -> None:
    done = await run_through([TimingStage()], spoken(0), context(), clock=clock(101.0))
    assert done.metrics.first_item is None
    assert done.metrics.total == 1.0


async def test_an_error_is_an_error() -> None:
    failed = context()
    with pytest.raises(Busy):
        await run_through([TimingStage()], spoken(1, Busy("full")), failed, clock=clock(102.0))
    assert (failed.status, failed.error) == ("error", "busy")
    assert failed.metrics.total == 2.0


async def test_a_consumer_that_leaves_has_cancelled() -> None:
    left = await run_through([TimingStage()], spoken(3), context(), leave_after=1)
    assert left.status == "cancelled"
    assert left.metrics.bytes == 4


async def test_a_cancelled_task_has_cancelled() -> None:
    begun = asyncio.Event()

    async def waiting(context: RequestContext, request: SpeechRequest) -> AsyncIterator[AudioChunk]:
        begun.set()
        await asyncio.Event().wait()
        yield AudioChunk(b"", 0.0)

    cancelled = context()
    task = asyncio.create_task(run_through([TimingStage()], waiting, cancelled))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cancelled.status == "cancelled"


def test_server_timing_of_a_stream_holds_what_is_known_by_then() -> None:
    begun = RequestContext("tts", metrics=Timings(queue=0.25, first_item=0.5, engine=0.125))
    assert server_timing(begun, collected=False) == "queue;dur=250.0, first;dur=500.0"


def test_server_timing_of_a_collected_answer_holds_all() -> None:
    metrics = Timings(queue=0.0, first_item=0.5, engine=0.125, encode=0.0625, total=1.0, bytes=7)
    assert server_timing(RequestContext("tts", metrics=metrics), collected=True) == (
        "queue;dur=0.0, first;dur=500.0, engine;dur=125.0, encode;dur=62.5, total;dur=1000.0"
    )


def test_server_timing_leaves_out_what_was_not_measured() -> None:
    assert server_timing(RequestContext("tts"), collected=True) == ""
