"""Looks up whether the weights of engines are on this disk, in one thread hop, and remembers it for a moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from adapters.execution.instance import EngineInstance
from stts.errors import Conflict, EngineWeightsMissing

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

REMEMBERED_SECONDS = 5.0
"""Weights that somebody else puts on the disk are seen within this time."""


class WeightsLookup:
    """Shared by all who choose engines. A load or an unload of an engine makes it forget what it knew of that one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[bool, float]] = {}
        """Name -> the answer, and until when it counts."""
        self.changes = 0
        """How often something that was known was to be forgotten: models came or went, or engines were loaded."""

    async def present(self, instances: Sequence[EngineInstance[Any]]) -> frozenset[str]:
        """Names of those that are loaded, or could be without a network."""
        # As of now: while the disk is asked, others may load and unload what is known here.
        present = {each.name: self._known[each.name][0] for each in instances if self._remembers(each.name)}
        present |= {each.name: True for each in instances if each.state == "ready"}
        unknown = [each for each in instances if each.name not in present]
        if unknown:
            found = await asyncio.to_thread(lambda: {each.name: each.engine.weights_present() for each in unknown})
            until = self._clock() + REMEMBERED_SECONDS
            self._known |= {name: (is_there, until) for name, is_there in found.items()}
            present |= found
        return frozenset(name for name, is_there in present.items() if is_there)

    def forget(self, name: str) -> None:
        """The next question about this engine is asked of the disk."""
        self._known.pop(name, None)
        self.changes += 1

    def known(self, name: str) -> bool | None:
        """True if the weights of one are remembered to be here; None: the disk is to be asked."""
        return self._known[name][0] if self._remembers(name) else None

    def _remembers(self, name: str) -> bool:
        return name in self._known and self._clock() < self._known[name][1]


async def take_up(instance: EngineInstance[Any]) -> None:
    """Has an instance use models that came, and do without those that went: forgets a failure for want of them."""
    if isinstance(instance.failure, EngineWeightsMissing) or instance.engine.outdated():
        try:
            await instance.unload()
        except Conflict:
            # It works, or loads and tells what it finds; what it has it keeps until it is unloaded.
            log.info("engine_keeps_its_model", engine=instance.name)
            return
        instance.engine.look_again()
