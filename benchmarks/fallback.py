"""Cost of fall-back: the first audio of the second engine, asked alone, behind an open breaker, and after a failure."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from importlib.metadata import EntryPoint
from pathlib import Path

from adapters.catalogue import EngineCatalogue
from adapters.health.registry import Failure
from adapters.operations import EngineOperations
from adapters.selection import EngineSelection
from benchmarks.engines import PacedEngine
from benchmarks.result import Row, milliseconds, quantile
from engines.registry import GROUP, Registry
from middleware.logs.configuring import configure_logging
from middleware.pipeline import compose
from middleware.stages.planning import PlanningStage
from stts.access.viewer import Viewer
from stts.context import RequestContext
from stts.engine_api import Samples, SpeechParams, Voice
from stts.errors import EngineError
from stts.plans import SpeechRequest
from stts.protocols import LibraryVoice
from stts.settings import LoggingSettings, Settings
from stts.speech import SynthesisConfig

ROUNDS = 400
WARM_UP = 50
TEXT = "The ferry leaves at nine."
ALONE, OPEN, FAILING = "alone", "open", "failing"


class FailingEngine(PacedEngine):
    """Fails at once."""

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        raise RuntimeError("it broke")


def run() -> list[Row]:
    quiet = Settings(logging=LoggingSettings(level="error"))
    with Path(os.devnull).open("w") as nowhere:
        configure_logging(lambda: quiet, nowhere)
        times = asyncio.run(_times())
    configure_logging(lambda: Settings())
    p50 = {name: quantile(measured, 0.5) for name, measured in times.items()}
    p99 = {name: quantile(measured, 0.99) for name, measured in times.items()}
    added = p50[OPEN] - p50[ALONE]
    return [
        Row(
            "fall-back with the breaker open: added to the first audio, p50",
            "< 1 ms",
            milliseconds(added),
            added < 0.001,
            {"added_p50_s": added, "open_p50_s": p50[OPEN], "alone_p50_s": p50[ALONE]},
        ),
        *(
            Row(f"  first audio of the second engine, {told}: p50 / p99", "", _both(p50[name], p99[name]))
            for name, told in ((ALONE, "alone"), (OPEN, "breaker open"), (FAILING, "after the first has failed"))
        ),
    ]


def _both(p50: float, p99: float) -> str:
    return f"{milliseconds(p50)} / {milliseconds(p99)}"


async def _times() -> dict[str, list[float]]:
    """All three in turn, so that they have the same share of a machine that is not idle."""
    houses = {ALONE: _House(("second",)), OPEN: _House(("first", "second")), FAILING: _House(("first", "second"))}
    houses[OPEN].open_breaker()
    times: dict[str, list[float]] = {name: [] for name in houses}
    try:
        names = [*houses]
        for _ in range(WARM_UP + ROUNDS):
            names.append(names.pop(0))
            for name in names:
                times[name].append(await houses[name].first_audio())
    finally:
        for house in houses.values():
            await house.close()
    return {name: measured[WARM_UP:] for name, measured in times.items()}


class _House:
    """Engines and operations as the server wires them, without a socket."""

    def __init__(self, order: Sequence[str]) -> None:
        fast = {"engine": "paced", "options": {"speed": 1e9, "block_seconds": 0.1}}
        settings = Settings.model_validate(
            {
                "tts": {"order": order, "detect_language": False},
                "routing": {"failures": 100},
                "engines": {"instances": {"first": {**fast, "engine": "failing"}, "second": fast}},
            }
        )
        targets = {"paced": "benchmarks.engines:PacedEngine", "failing": "benchmarks.fallback:FailingEngine"}
        registry = Registry([EntryPoint(name, target, GROUP) for name, target in targets.items()])
        self._catalogue = EngineCatalogue(registry, lambda: settings, _NoVoices())
        selection = EngineSelection(self._catalogue, lambda: settings)
        self._operations = EngineOperations(self._catalogue, selection, lambda: settings)
        self._speak = compose([PlanningStage(selection)], self._operations.speak)

    def open_breaker(self) -> None:
        for number in range(100):
            self._catalogue.health.judge([Failure("first", EngineError("it broke"), number)], done_by="second")

    async def first_audio(self) -> float:
        """Seconds from the request to its first bytes."""
        if self._catalogue.health.of("first").breaker.failures > 50 and self._catalogue.health.closed("first"):
            self._catalogue.health.of("first").breaker.forgive(0.0)
        started = time.perf_counter()
        async with aclosing(self._speak(RequestContext("tts"), SpeechRequest(TEXT, SynthesisConfig()))) as chunks:
            await anext(chunks)
            seconds = time.perf_counter() - started
            async for _ in chunks:
                pass
        return seconds

    async def close(self) -> None:
        await self._operations.stop()
        await self._catalogue.close()
        await self._operations.close()


class _NoVoices:
    """No stored recordings."""

    async def find(self, name: str, viewer: Viewer, seconds: tuple[float, float] | None = None) -> LibraryVoice | None:
        return None

    async def voices(self, viewer: Viewer) -> Sequence[Voice]:
        return ()

    async def blends(self, viewer: Viewer) -> Sequence[LibraryVoice]:
        return ()
