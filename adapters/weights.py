"""Looks up whether the weights of engines are on this disk, in one thread hop, and remembers it for a moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from adapters.execution.instance import EngineInstance

REMEMBERED_SECONDS = 5.0
"""Weights that somebody else puts on the disk are seen within this time."""


class WeightsLookup:
    """Shared by all who choose engines. A load or an unload of an engine makes it forget what it knew of that one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[bool, float]] = {}
        """Name -> the answer, and until when it counts."""

    async def present(self, instances: Sequence[EngineInstance[Any]]) -> frozenset[str]:
        """Names of those that are loaded, or could be without a network."""
        unknown = [each for each in instances if each.state != "ready" and not self._remembers(each.name)]
        if unknown:
            found = await asyncio.to_thread(lambda: {each.name: each.engine.weights_present() for each in unknown})
            until = self._clock() + REMEMBERED_SECONDS
            self._known |= {name: (present, until) for name, present in found.items()}
        return frozenset(each.name for each in instances if each.state == "ready" or self._known[each.name][0])

    def forget(self, name: str) -> None:
        """The next question about this engine is asked of the disk."""
        self._known.pop(name, None)

    def _remembers(self, name: str) -> bool:
        return name in self._known and self._clock() < self._known[name][1]
