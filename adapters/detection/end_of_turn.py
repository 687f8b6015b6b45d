"""End-of-turn detection by an engine. On any failure the answer is None (unknown)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

import numpy as np
import structlog

from adapters.execution.instance import EngineInstance
from adapters.weights import WeightsLookup
from stts.engine_api import Samples, TurnEngine
from stts.errors import EngineTimeout, STTSError
from stts.settings import CurrentSettings

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

SILENT = 0.003
"""Peak (-50 dBFS) below which nobody has spoken."""
PATIENCE_SECONDS = 0.3
"""A later answer would come when silence has already decided."""


class EngineTurnDetector:
    """The TurnDetector over the engine that `conversation.turn_detector` names."""

    def __init__(
        self,
        instances: Mapping[str, EngineInstance[Any]],
        settings: CurrentSettings,
        weights: WeightsLookup,
        *,
        timeout: float = PATIENCE_SECONDS,
    ) -> None:
        self._instances = instances
        self._settings = settings
        self._weights = weights
        self.timeout = timeout
        """Timeout of one prediction in seconds."""
        self._asking: set[asyncio.Task[float | None]] = set()
        self._trouble = ""
        """Reason of the last failure; the same one is logged once."""

    async def finished(self, samples: Samples) -> float | None:
        """Probability that the turn is over, 0..1; None where nobody can say, as of silence, which sounds finished."""
        if float(np.abs(samples).max(initial=0.0)) < SILENT:
            return None
        instance = self._instances.get(self._settings().conversation.turn_detector)
        if instance is None or instance.info.kind != "turn" or instance.state == "not_installed":
            return None
        ready = instance.state == "ready"
        task = asyncio.create_task(self._ask(instance, samples), name=f"ask {instance.name}")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        try:
            await asyncio.wait([task], timeout=self.timeout)
        finally:
            # Not awaited: a call in a thread ends when it ends, and a load goes on for those who ask later.
            late = task.cancel()
        if not late:
            return task.result()
        if ready:
            self._complain(instance.name, EngineTimeout.code)
        return None

    async def _ask(self, instance: EngineInstance[TurnEngine], samples: Samples) -> float | None:
        if not await self._weights.present([instance]):
            return None
        try:
            deadline = time.monotonic() + self.timeout
            async with instance.slot(deadline) as slot, aclosing(slot.run(partial(_judge, samples))) as answers:
                answer = [answer async for answer in answers][-1]
        except STTSError as error:
            self._complain(instance.name, error.code)
            return None
        self._trouble = ""
        return answer

    def _complain(self, engine: str, code: str) -> None:
        if code != self._trouble:
            self._trouble = code
            log.warning("turn_detector_failed", engine=engine, code=code)


def _judge(samples: Samples, engine: TurnEngine) -> Iterator[float]:
    yield engine.finished(samples)
