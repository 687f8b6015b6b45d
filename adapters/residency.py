"""Which engines stay loaded: those that others need the memory of, and those that nobody uses, are unloaded.

Memory is measured, not guessed: of child processes what they take now, of engines inside the server by how much it grew
when they were loaded. Nothing is unloaded that works, loads, or is waited for.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import structlog

from adapters.execution.instance import EngineInstance
from stts.errors import STTSError
from stts.settings import CurrentSettings

LOOK_SECONDS = 10.0
"""Between two looks at loaded engines."""
SHARED = ("vad", "turn")
"""Kinds of which one small engine serves all live streams: it is not unloaded because nobody speaks for a while."""
Reason = Literal["memory", "idle"]

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Resident:
    """An instance, or the live host of one."""

    instance: EngineInstance[Any]
    awaited: bool = False
    """True if somebody is about to use it."""


class Residency:
    """Made once. `on_unload` is told the name of each engine that it unloads."""

    def __init__(
        self,
        residents: Callable[[], Iterable[Resident]],
        settings: CurrentSettings,
        on_unload: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.unloads: Counter[tuple[str, str]] = Counter()
        """Engine and reason -> how often."""
        self._residents = residents
        self._settings = settings
        self._on_unload = on_unload
        self._clock = clock
        self._known: dict[EngineInstance[Any], int] = {}
        """Bytes that each took when it was last loaded."""
        self._over = False
        """True if that is in the log already."""
        self._deciding = asyncio.Lock()
        self._asked = asyncio.Event()

    def memory(self) -> dict[str, int]:
        """Bytes of loaded engines by name, as last measured."""
        taken: Counter[str] = Counter()
        for each in self._residents():
            taken[each.instance.name] += each.instance.memory
        return {name: size for name, size in taken.items() if size}

    def watch_loads(self, instance: EngineInstance[Any]) -> None:
        """Has its loads wait until there is room for it."""
        instance.lifecycle.on_loading = partial(self.make_room, instance)

    async def make_room(self, instance: EngineInstance[Any]) -> None:
        """Unloads what was idle longest, as far as is needed for one that is about to be loaded.

        What it will take is known from its last load; at its first, nothing is, and `look` makes up for it.
        """
        bound = self._settings().engines.memory_bytes
        if bound:
            async with self._deciding:
                await self._shrink(bound - self._known.get(instance, 0), sparing=instance)

    def look_soon(self) -> None:
        """Says that something was loaded."""
        self._asked.set()

    async def run(self) -> None:
        """Looks whenever something was loaded, and now and then. Runs until it is cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._asked.wait()
            self._asked.clear()
            await self.look()

    async def look(self) -> None:
        """Measures all, then unloads what nobody uses, and what is too much."""
        settings = self._settings().engines
        async with self._deciding:
            if settings.idle_seconds:
                for each in self._idle():
                    stays = each.name in settings.preload or each.info.kind in SHARED
                    if not stays and self._clock() - each.last_used >= settings.idle_seconds:
                        await self._unload(each, "idle")
                for resident in self._residents():
                    with suppress(STTSError):
                        await resident.instance.trim(settings.idle_seconds)
            if settings.memory_bytes:
                loaded = (each.instance for each in self._residents() if each.instance.state == "ready")
                newest = max(loaded, key=lambda each: each.last_used, default=None)
                await self._shrink(settings.memory_bytes, sparing=newest)
            else:
                await self._measure()

    async def _shrink(self, most: int, sparing: EngineInstance[Any] | None) -> None:
        """Unloads until all together take at most so many bytes, or nothing that is left may be unloaded."""
        taken = await self._measure()
        for each in sorted(self._idle(), key=lambda each: each.last_used):
            if taken <= most:
                return
            size = each.memory
            if size and each is not sparing and await self._unload(each, "memory"):
                taken -= size
        over = taken > max(most, 0)
        if over and not self._over:
            log.warning("engines_over_memory", bytes=taken, bound=self._settings().engines.memory_bytes)
        self._over = over

    async def _measure(self) -> int:
        """Bytes of all together."""
        total = 0
        for each in list(self._residents()):
            taken = await each.instance.measure()
            total += taken
            if taken and each.instance.state == "ready":
                self._known[each.instance] = taken
        return total

    def _idle(self) -> list[EngineInstance[Any]]:
        return [each.instance for each in self._residents() if each.instance.idle and not each.awaited]

    async def _unload(self, instance: EngineInstance[Any], reason: Reason) -> bool:
        """False: it has been put to work meanwhile, or its unload failed."""
        taken = instance.memory
        try:
            await instance.unload()
        except STTSError as error:
            log.info("engine_kept", engine=instance.name, reason=reason, code=error.code)
            return False
        self.unloads[instance.name, reason] += 1
        self._on_unload(instance.name)
        log.info("engine_unloaded", engine=instance.name, reason=reason, bytes=taken)
        return True
