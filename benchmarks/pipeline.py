"""Overhead of the three stages for a request whose adapter does nothing."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

from benchmarks.result import Row, milliseconds, quantile
from middleware.logs.configuring import configure_logging
from middleware.pipeline import Pipeline, Stage, compose
from middleware.stages.analytics import AnalyticsStage
from middleware.stages.logging import LoggingStage
from middleware.stages.timing import TimingStage
from stts.analytics.history import History
from stts.analytics.metrics import Metrics
from stts.context import Outcome, RequestContext
from stts.plans import SpeechRequest
from stts.settings import LoggingSettings, Settings
from stts.speech import AudioChunk, AudioOutput, SynthesisConfig

REQUESTS = 20_000
WARM_UP = 1_000
REQUEST = SpeechRequest("The ferry leaves at nine.", SynthesisConfig(engine="null"))
CHUNK = AudioChunk(bytes(4096), 0.1)


def run() -> list[Row]:
    settings = Settings(logging=LoggingSettings(format="json"))
    with Path(os.devnull).open("w") as nowhere:
        configure_logging(lambda: settings, nowhere)
        stages: list[Stage] = [LoggingStage(lambda: settings), AnalyticsStage((History(60), Metrics())), TimingStage()]
        staged = asyncio.run(_times(compose(stages, _null)))
        bare = asyncio.run(_times(compose([], _null)))
    configure_logging(lambda: settings)
    p50, p99 = quantile(staged, 0.5), quantile(staged, 0.99)
    peer = quantile(bare, 0.5), quantile(bare, 0.99)
    return [
        Row(
            "three stages, a request with a null adapter: p50 / p99",
            "< 0.1 / 1 ms",
            f"{milliseconds(p50)} / {milliseconds(p99)}",
            p50 < 0.0001 and p99 < 0.001,
            {"p50_s": p50, "p99_s": p99},
        ),
        Row("  the same without stages", "", f"{milliseconds(peer[0])} / {milliseconds(peer[1])}"),
    ]


async def _times(pipeline: Pipeline[SpeechRequest, AudioChunk]) -> list[float]:
    times = []
    for _ in range(WARM_UP + REQUESTS):
        started = time.perf_counter()
        async with aclosing(pipeline(RequestContext("tts"), REQUEST)) as items:
            async for _item in items:
                pass
        times.append(time.perf_counter() - started)
    return times[WARM_UP:]


async def _null(context: RequestContext, request: SpeechRequest) -> AsyncIterator[AudioChunk]:
    context.output_data = Outcome("null", "nobody", "en", AudioOutput("wav", "audio/wav", 22_050, 1))
    context.metrics.add(queue=0.0, engine=0.0, encode=0.0)
    context.metrics.audio_seconds, context.metrics.characters = 0.1, 25
    yield CHUNK
