"""Live streams of engines that understand speech while it is spoken.

Each stream has an instance of the engine of its own, so their number is bounded: a session reserves its place when it
is opened, or is refused at once. Instances (of most such engines: child processes) start when they are first needed and
stay for the next session.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import TypeVar

from adapters.execution.host import AT_ONCE, EngineHost
from adapters.execution.slot import Slot
from adapters.live.intake import Intake, Stop
from adapters.live.utterance import Utterance
from stts.context import RequestContext
from stts.engine_api import STT_SAMPLE_RATE, EngineInfo, ListenParams, Samples, Segment, STTEngine
from stts.errors import Busy, STTSError
from stts.events import TranscriptEvent
from stts.languages import best_match
from stts.live import LiveAudio

T = TypeVar("T")

STEP = STT_SAMPLE_RATE // 10
"""Samples given to the engine at once: every call has its price, and every wait delays the text."""
AGREEING, HELD = 4, 2
"""Hypotheses that must agree, and newest words that stay open: they come ten times a second, and waver."""
CALL_SECONDS = 10.0
"""Longest silence of an engine that is given a second of audio at most."""


class LivePlaces:
    """Of one engine."""

    def __init__(self, info: EngineInfo, make_host: Callable[[int], EngineHost[STTEngine]]) -> None:
        """`make_host` gets the number of instances; called when the first session opens."""
        self._info = info
        self._make_host = make_host
        self._host: EngineHost[STTEngine] | None = None
        self.taken = 0

    @property
    def host(self) -> EngineHost[STTEngine]:
        if self._host is None:
            self._host = self._make_host(self._info.limits.live_sessions)
        return self._host

    def open(self, params: ListenParams) -> NativeSession:
        """Raises Busy when all places are taken."""
        if self.taken >= self._info.limits.live_sessions:
            raise Busy(
                f"{self._info.name} hears {self._info.limits.live_sessions} live streams at most; all are taken."
            )
        self.taken += 1
        return NativeSession(self, params)

    def give_back(self) -> None:
        self.taken -= 1

    async def unload(self) -> None:
        """Raises Conflict while a session is open."""
        if self._host is not None:
            await self._host.unload()

    async def close(self) -> None:
        if self._host is not None:
            await self._host.close()


class NativeSession:
    """Holds a slot of the live host from its first use on."""

    def __init__(self, places: LivePlaces, params: ListenParams) -> None:
        self._places = places
        self._params = params
        self._held = AsyncExitStack()
        self._slot: Slot[STTEngine] | None = None
        self._closed = False

    @property
    def info(self) -> EngineInfo:
        return self._places.host.info

    async def prepare(self) -> None:
        """Starts the engine, so that the first words need not wait for it. Raises what a load raises."""
        await self._ready_slot()
        await self._ask(self._begin)

    async def transcribe(self, audio: LiveAudio, context: RequestContext) -> AsyncGenerator[TranscriptEvent, None]:
        asked = best_match(self._params.language, self.info.languages) if self._params.language else None
        context.output_data.update(engine=self.info.name, language=asked)
        context.add("queue", await self._ready_slot())
        intake, utterance = Intake(audio), Utterance(asked, AGREEING, HELD)
        decided = 0
        stop: Stop | None = None
        while stop is not Stop.END:
            begun = intake.taken > 0
            samples, stop = await intake.next(STEP)
            if len(samples):
                hypothesis = await self._ask(partial(self._hear, samples, begin=not begun), context)
                if not intake.quiet:
                    for thought in utterance.think(hypothesis):
                        yield thought
                for lagging in intake.lagging(intake.taken):
                    yield lagging
            if (stop is not None or self._full(intake, decided)) and not intake.quiet:
                utterance.decide(await self._ask(_end, context), decided)
                decided = intake.taken
                intake.mark()
            if stop is Stop.SETTLE:
                yield utterance.settle()
        context.metrics["audio_seconds"] = intake.seconds
        context.output_data["language"] = asked or utterance.language
        for event in utterance.finish(intake.seconds):
            yield event

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            try:
                await self._let_go()
            finally:
                self._places.give_back()

    def _full(self, intake: Intake, decided: int) -> bool:
        """Whether there is as much undecided as the engine hears at once: up to a pause, or to twice as much."""
        seconds, longest = intake.seconds - decided / STT_SAMPLE_RATE, self.info.limits.max_seconds
        return seconds >= longest and (intake.pausing or seconds >= 2 * longest)

    def _begin(self, engine: STTEngine) -> None:
        engine.begin(self._params)

    def _hear(self, samples: Samples, engine: STTEngine, *, begin: bool) -> str:
        if begin:
            self._begin(engine)
        return engine.hear(samples)

    async def _ask(self, question: Callable[[STTEngine], T], context: RequestContext | None = None) -> T:
        assert self._slot is not None
        started = time.perf_counter()
        try:
            return await self._slot.ask(question, CALL_SECONDS)
        except STTSError:
            # Its pool sees to it that the next utterance finds an engine that works.
            await self._let_go()
            raise
        finally:
            if context is not None:
                context.add("engine", time.perf_counter() - started)

    async def _ready_slot(self) -> float:
        """Sees to it that there is an instance for the next utterance. The seconds that took."""
        if self._slot is not None and self._slot.lane.ready:
            return 0.0
        await self._let_go()
        self._slot = await self._held.enter_async_context(self._places.host.slot(AT_ONCE, begun=True))
        return self._slot.queue_seconds

    async def _let_go(self) -> None:
        self._slot = None
        await self._held.aclose()


def _end(engine: STTEngine) -> list[Segment]:
    return list(engine.end())
