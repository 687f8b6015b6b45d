"""Instances of `script_engine`, and what tests do with them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from importlib.metadata import EntryPoint
from typing import Any

from adapters.execution.instance import EngineInstance
from engines.registry import GROUP, Registry
from stts.engine_api import Samples, SpeechParams
from stts.settings import EngineSettings, LimitSettings, Settings
from tests.adapters.execution import script_engine
from tests.adapters.execution.script_engine import VOICE, ScriptEngine
from tests.patience import PATIENCE

PARAMS = SpeechParams()


def registry() -> Registry:
    targets = {"script": "ScriptEngine", "vad_script": "VADScript"}
    return Registry([EntryPoint(name, f"{script_engine.__name__}:{target}", GROUP) for name, target in targets.items()])


def script_host(
    limits: LimitSettings | None = None,
    clock: Callable[[], float] = time.monotonic,
    environments: str = "none",
    **options: Any,
) -> EngineInstance[ScriptEngine]:
    """`environments`: the folder of those of workers."""
    engines = EngineSettings(options={"script": options}, environments=environments)
    settings = Settings(limits=limits or LimitSettings(), engines=engines)
    return EngineInstance("script", registry(), lambda: settings, clock=clock)


def say(script: str) -> Callable[[ScriptEngine], Iterator[Samples]]:
    return lambda engine: engine.synthesize(script, VOICE, PARAMS)


async def run(instance: EngineInstance[ScriptEngine], script: str, deadline: float = 0.0) -> list[float]:
    async with instance.slot(deadline) as slot, aclosing(slot.run(say(script))) as items:
        return [float(value) async for item in items for value in item]


async def until(condition: Callable[[], bool]) -> None:
    """Lets the loop run until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what engines in threads have done has no event
            await asyncio.sleep(0.001)
