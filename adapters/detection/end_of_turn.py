"""End-of-turn detection by an engine. On any failure the answer is None (unknown).

It is work that can be left undone: silence decides too, a little later. So a question is dropped before it costs
anything when its speaker goes on, or when the answer would come too late, as those who judged before have told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
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
ABSENT_SECONDS = 60.0
"""Sessions that begin within this time of a look for weights that were not there do without, unless some have come."""
SMOOTHING = 0.2
"""Weight of the newest judgement in what the next one is expected to take."""
MOST_EXPECTED = 0.7
"""Part of the timeout: a question that had not to wait is always asked, so that faster times show."""


@dataclass(slots=True)
class _Question:
    recent: Callable[[], Sequence[Samples]]
    deadline: float
    """On the detector's clock."""
    begun: bool = False
    """The engine is at it."""


class EngineTurnDetector:
    """The TurnDetector over the engine that `conversation.turn_detector` names."""

    def __init__(
        self,
        instances: Mapping[str, EngineInstance[Any]],
        settings: CurrentSettings,
        weights: WeightsLookup,
        *,
        timeout: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._instances = instances
        self._settings = settings
        self._weights = weights
        self._clock = clock
        self.timeout = timeout
        """Timeout of one prediction in seconds."""
        self.expected = 0.0
        """Seconds that a judgement takes, a moving average."""
        self._asking: set[asyncio.Task[float | None]] = set()
        self._absent: tuple[float, int] | None = None
        """Time at which its weights were not there, and how often weights had changed until then."""
        self._trouble = ""
        """Reason of the last failure; the same one is logged once, until an answer came without it or another failure
        did. Answers make nobody forget one that was late: a busy machine is late again and again."""

    @property
    def may_answer(self) -> bool:
        """An engine is there to be asked, as far as is known: for a session without one nothing is kept to be heard."""
        if self._absent is not None:
            at, changes = self._absent
            if self._weights.changes == changes and self._clock() < at + ABSENT_SECONDS:
                return False
        return self._instance() is not None

    async def finished(self, recent: Callable[[], Sequence[Samples]]) -> float | None:
        """Probability that the turn is over, 0..1; None where nobody can say, as of silence, which sounds finished."""
        if (instance := self._instance()) is None:
            return None
        question = _Question(recent, self._clock() + self.timeout)
        task = asyncio.create_task(self._ask(instance, question), name=f"ask {instance.name}")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        try:
            await asyncio.wait([task], timeout=self.timeout)
        finally:
            # Not awaited: a call in a thread ends when it ends, and a load goes on for those who ask later.
            late = task.cancel()
        if not late:
            return task.result()
        if question.begun:
            self._complain(instance.name, EngineTimeout.code)
        return None

    async def _ask(self, instance: EngineInstance[TurnEngine], question: _Question) -> float | None:
        if not await self._weights.present([instance]):
            self._absent = self._clock(), self._weights.changes
            return None
        try:
            async with instance.slot(question.deadline) as slot:
                started = self._clock()
                pieces = () if self._too_late(started, question.deadline) else question.recent()
                if not pieces:
                    return None
                question.begun = True
                try:
                    async with aclosing(slot.run(partial(_judge, pieces))) as answers:
                        answer = [answer async for answer in answers][-1]
                finally:
                    # Also of one that nobody waits for any more: it took the engine until now.
                    self._took(self._clock() - started)
        except STTSError as error:
            self._complain(instance.name, error.code)
            return None
        if self._trouble != EngineTimeout.code:
            self._trouble = ""
        return answer

    def _instance(self) -> EngineInstance[TurnEngine] | None:
        instance = self._instances.get(self._settings().conversation.turn_detector)
        if instance is None or instance.info.kind != "turn" or instance.state == "not_installed":
            return None
        return instance

    def _too_late(self, now: float, deadline: float) -> bool:
        return now + min(self.expected, MOST_EXPECTED * self.timeout) > deadline

    def _took(self, seconds: float) -> None:
        self.expected += SMOOTHING * (seconds - self.expected)

    def _complain(self, engine: str, code: str) -> None:
        if code != self._trouble:
            self._trouble = code
            log.warning("turn_detector_failed", engine=engine, code=code)


def _judge(pieces: Sequence[Samples], engine: TurnEngine) -> Iterator[float | None]:
    samples = np.concatenate(pieces)
    silent = float(np.abs(samples).max(initial=0.0)) < SILENT
    yield None if silent else engine.finished(samples)
