"""Asks an engine whether a speaker has finished. Whatever goes wrong, the answer is that there is no way to tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

import structlog

from adapters.execution.instance import EngineHost
from stts.engine_api import Samples, TurnEngine
from stts.errors import EngineTimeout, STTSError
from stts.settings import CurrentSettings

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

PATIENCE_SECONDS = 0.3
"""A later answer would come when silence has already decided."""


class EngineTurnDetector:
    """The TurnDetector over the engine that `conversation.turn_detector` names."""

    def __init__(
        self,
        hosts: Mapping[str, EngineHost[Any]],
        settings: CurrentSettings,
        *,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._hosts = hosts
        self._settings = settings
        self.patience = patience
        """Seconds that an answer is waited for."""
        self._asking: set[asyncio.Task[float | None]] = set()
        self._trouble = ""
        """Why the last question had no answer; the same is logged once."""

    async def finished(self, samples: Samples) -> float | None:
        host = self._hosts.get(self._settings().conversation.turn_detector)
        if host is None or host.info.kind != "turn" or host.state == "not_installed":
            return None
        ready = host.state == "ready"
        task = asyncio.create_task(self._ask(host, samples), name=f"ask {host.name}")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        try:
            await asyncio.wait([task], timeout=self.patience)
        finally:
            # Not awaited: a call in a thread ends when it ends, and a load goes on for those who ask later.
            late = task.cancel()
        if not late:
            return task.result()
        if ready:
            self._complain(host.name, EngineTimeout.code)
        return None

    async def _ask(self, host: EngineHost[TurnEngine], samples: Samples) -> float | None:
        if host.state != "ready" and not await asyncio.to_thread(host.engine.weights_present):
            return None
        try:
            deadline = time.monotonic() + self.patience
            async with host.slot(deadline) as slot, aclosing(slot.run(partial(_judge, samples))) as answers:
                answer = [answer async for answer in answers][-1]
        except STTSError as error:
            self._complain(host.name, error.code)
            return None
        self._trouble = ""
        return answer

    def _complain(self, engine: str, code: str) -> None:
        if code != self._trouble:
            self._trouble = code
            log.warning("turn_detector_failed", engine=engine, code=code)


def _judge(samples: Samples, engine: TurnEngine) -> Iterator[float]:
    yield engine.finished(samples)
