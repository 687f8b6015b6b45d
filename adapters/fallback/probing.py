"""Background probes of engines whose breaker is open: each really speaks or listens, the way that requests do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, Literal

import numpy as np
import structlog

from adapters.catalogue import EngineCatalogue
from adapters.fallback.attempt import END, Attempt, End, Leftovers, Overdue
from adapters.fallback.patience import Patience
from adapters.health.registry import HealthRegistry
from adapters.probes import PROBE_TEXT
from adapters.transcription.region_listener import RegionListener
from stts.context import Priority, RequestContext
from stts.engine_api import STT_SAMPLE_RATE, ListenParams
from stts.errors import EngineError, EngineTimeout, STTSError, Unavailable
from stts.settings import CurrentSettings
from stts.speech import SynthesisConfig
from stts.vad.regions import Region

BUSY_SECONDS = 5.0
"""Until the next try of a probe that found no room, which says nothing about the engine."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Probing:
    """One task for each open breaker, until a probe or a request has closed it."""

    def __init__(self, health: HealthRegistry, probe: Callable[[str], Awaitable[None]]) -> None:
        """`probe` raises what is wrong with the engine of this name."""
        self._health = health
        self._probe = probe
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str) -> None:
        """The breaker of this engine has opened."""
        if name not in self._tasks:
            task = self._tasks[name] = asyncio.create_task(self._run(name), name=f"probes of {name}")
            task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def close(self) -> None:
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, name: str) -> None:
        breaker, clock = self._health.of(name).breaker, self._health.clock
        while not breaker.closed:
            await asyncio.sleep(breaker.wait(clock()))
            if breaker.closed:
                return
            breaker.begin_probe()
            began = clock()
            try:
                await self._probe(name)
            except Unavailable:
                await asyncio.sleep(BUSY_SECONDS)
            except STTSError as error:
                breaker.probe_failed(clock(), self._health.rules)
                wait = round(breaker.wait(clock()), 1)
                log.warning("breaker_stays_open", engine=name, code=error.code, probe_seconds=wait)
            else:
                self._health.succeeded(name, began)


class EngineProbe:
    """Speaks a few words with an engine, or has it listen to noise, in a slot and with the patience of any request."""

    def __init__(self, catalogue: EngineCatalogue, settings: CurrentSettings, leftovers: Leftovers) -> None:
        self._catalogue = catalogue
        self._settings = settings
        self._leftovers = leftovers

    async def __call__(self, name: str) -> None:
        """Raises what the engine does, EngineError for silence, EngineTimeout where it says nothing for too long."""
        speaks, sound = name in self._catalogue.speech, False
        context = RequestContext("tts" if speaks else "stt", priority=Priority.COLLECTED)
        attempt = Attempt(self._speech(name, context) if speaks else self._words(name, context))
        async with aclosing(attempt):
            item = await self._first(name, attempt, context)
            while item is not END:
                sound = sound or item
                item = await attempt.next()
        if speaks and not sound:
            raise EngineError(f"{name} made silence.")

    async def _first(self, name: str, attempt: Attempt[bool], context: RequestContext) -> bool | Literal[End.END]:
        health, routing = self._catalogue.health.of(name), self._settings().routing
        try:
            return await attempt.within(Patience(self._catalogue.instance(name), health, context, routing).left)
        except Overdue:
            attempt.give_up(self._leftovers, partial(health.force, context), routing.first_seconds)
            raise EngineTimeout(f"{name} said nothing for too long.") from None

    async def _speech(self, name: str, context: RequestContext) -> AsyncGenerator[bool, None]:
        """Whether each chunk holds a sound."""
        adapter = self._catalogue.speech[name]
        plan = await adapter.plan(SynthesisConfig(format="pcm"))
        async with aclosing(adapter.synthesize(plan, PROBE_TEXT, context)) as chunks:
            async for chunk in chunks:
                yield any(chunk.data)

    async def _words(self, name: str, context: RequestContext) -> AsyncGenerator[bool, None]:
        instance: Any = self._catalogue.instance(name)
        params = ListenParams(extra=instance.engine.Parameters())
        noise = np.random.default_rng(0).normal(0.0, 0.01, STT_SAMPLE_RATE).astype(np.float32)
        listener = RegionListener(instance, self._catalogue.health.of(name), params, context)
        async with aclosing(listener.listen(Region(0.0, noise))) as segments:
            async for _ in segments:
                yield True
