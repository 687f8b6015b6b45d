"""Live streams of engines that understand speech while it is spoken.

Each utterance has an instance of the engine of its own, so those who speak at once are bounded: an utterance waits a
moment for a place, its audio with it, and is refused alone. One that its client ends holds a place only while somebody
speaks (`attention.py`): it comes in parts, and what lies between them is counted and not heard. Instances (of most such
engines: child processes) start when sessions are opened that may need them, and stay for the next.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from typing import TypeVar

from adapters.execution.instance import AT_ONCE, EngineInstance
from adapters.execution.slot import Slot
from adapters.transcription.attention import Attention
from adapters.transcription.hypothesis import Hypothesis
from adapters.transcription.intake import AudioSource, Intake, Stop
from stts.context import RequestContext
from stts.engine_api import STT_SAMPLE_RATE, EngineInfo, Samples, STTEngine
from stts.errors import Busy, STTSError
from stts.plans import TranscriptionPlan
from stts.protocols import VoiceActivity
from stts.settings import LimitSettings
from stts.transcription import TranscriptEvent

T = TypeVar("T")

STEP = STT_SAMPLE_RATE // 10
"""Samples given to the engine at once: every call has its price, and every wait delays the text."""
AGREEING, HELD = 4, 2
"""Hypotheses that must agree, and newest words that stay open: they come ten times a second, and waver."""
CALL_SECONDS = 10.0
"""Longest silence of an engine that is given a second of audio at most."""


class StreamingSlots:
    """Slots of one engine. One is held while somebody speaks; silent streams hold none."""

    def __init__(
        self,
        info: EngineInfo,
        make_host: Callable[[int], EngineInstance[STTEngine]],
        limits: Callable[[], LimitSettings],
        voice: VoiceActivity,
    ) -> None:
        """`make_host` gets the number of instances; called when the first session opens."""
        self.voice = voice
        self._info = info
        self._make_host = make_host
        self._instance: EngineInstance[STTEngine] | None = None
        self._limits = limits
        self._free = asyncio.Semaphore(info.limits.live_sessions)
        self._sessions = 0
        self.taken = 0

    @property
    def instance(self) -> EngineInstance[STTEngine]:
        if self._instance is None:
            self._instance = self._make_host(self.most)
        return self._instance

    @property
    def host(self) -> EngineInstance[STTEngine] | None:
        """The instance that hears the streams; None: there has been no session yet."""
        return self._instance

    @property
    def awaited(self) -> bool:
        """True if a session is open, whose next words are not to wait for a load."""
        return self._sessions > 0

    @property
    def most(self) -> int:
        """Utterances that are heard at once."""
        return self._info.limits.live_sessions

    @asynccontextmanager
    async def place(self, *, again: bool) -> AsyncIterator[None]:
        """Takes a slot for one utterance, or for its next part. Raises Busy where none becomes free for a while.

        `again`: it had one and has words to lose, so it waits as long as one may for an engine.
        """
        limits = self._limits()
        timeout = max(limits.place_seconds, limits.queue_seconds) if again else limits.place_seconds
        try:
            async with asyncio.timeout(timeout) as waiting:
                await self._free.acquire()
        except TimeoutError:
            if not waiting.expired():
                raise
            raise Busy(
                f"{self._info.name} hears {self.most} people speak at once at most, and no place became free."
            ) from None
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
            self._free.release()

    def open(self, plan: TranscriptionPlan) -> StreamingSession:
        self._sessions += 1
        return StreamingSession(self, plan)

    async def prepare(self) -> None:
        """Starts as many instances as sessions may need, so that first words need not wait. Raises what a load does."""
        await self.instance.warm(min(self._sessions, self.most))

    def forget(self) -> None:
        """A session needs no instance any more."""
        self._sessions -= 1

    async def unload(self) -> None:
        """Raises Conflict while somebody speaks."""
        if self._instance is not None:
            await self._instance.unload()

    async def close(self) -> None:
        if self._instance is not None:
            await self._instance.close()


class StreamingSession:
    """Holds a slot of the live instance for each utterance."""

    def __init__(self, slots: StreamingSlots, plan: TranscriptionPlan) -> None:
        self._slots = slots
        self.plan = plan
        self._held = AsyncExitStack()
        self._slot: Slot[STTEngine] | None = None
        self._retired = False
        self._closed = False

    async def prepare(self) -> None:
        await self._slots.prepare()

    async def transcribe(self, audio: AudioSource, context: RequestContext) -> AsyncGenerator[TranscriptEvent, None]:
        """Raises Busy where no place is free for a while; the audio waits meanwhile."""
        asked = self.plan.language
        context.output_data.engine, context.output_data.language = self.plan.instance, asked
        intake, utterance = Intake(audio), Hypothesis(asked, AGREEING, HELD)
        attention = Attention(self._slots.voice, audio)
        try:
            async with aclosing(self._hypotheses(intake, attention, utterance, context)) as events:
                async for event in events:
                    yield event
        finally:
            attention.close()
            # Before the last words are told: whoever hears them may count on the place.
            await self._let_go()
        context.output_data.language = asked or utterance.language
        for event in utterance.finish(intake.seconds):
            yield event

    async def _hypotheses(
        self, intake: Intake, attention: Attention, utterance: Hypothesis, context: RequestContext
    ) -> AsyncGenerator[TranscriptEvent, None]:
        """Gives hypotheses while the utterance goes on."""
        decided = 0
        stop: Stop | None = None
        while stop is not Stop.END:
            samples, stop = await intake.next(STEP)
            samples = await attention.due(samples, last=stop is Stop.END)
            if len(samples):
                if begin := self._slot is None:
                    waited = await self._take_slot(context, again=decided > 0)
                    if context.span is not None:
                        context.span.waited(time.perf_counter() - waited)
                    decided = intake.taken - len(samples)
                hypothesis = await self._ask(partial(self._hear, samples, begin=begin), context)
                if not intake.quiet:
                    for thought in utterance.update(hypothesis):
                        yield thought
                for lagging in intake.lagging(intake.taken):
                    yield lagging
            ends = stop is not None or attention.tired or self._full(intake, decided)
            if ends and self._slot is not None and not intake.quiet:
                utterance.commit(await self._ask(lambda engine: list(engine.end()), context), decided)
                decided = intake.taken
                intake.mark()
            if stop is Stop.CHECKPOINT:
                for known in utterance.so_far(settle=self.plan.asked.settle_after is not None):
                    yield known
            if attention.tired:
                attention.rest()
                await self._let_go()
                for thought in utterance.update(""):
                    yield thought

    def retire(self) -> None:
        if not self._retired:
            self._retired = True
            self._slots.forget()

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            try:
                await self._let_go()
            finally:
                self.retire()

    def _full(self, intake: Intake, decided: int) -> bool:
        """Whether there is as much undecided as the engine hears at once: up to a pause, or to twice as much."""
        seconds, longest = intake.seconds - decided / STT_SAMPLE_RATE, self._slots.instance.info.limits.max_seconds
        return seconds >= longest and (intake.pausing or seconds >= 2 * longest)

    def _begin(self, engine: STTEngine) -> None:
        engine.begin(self.plan.params)

    def _hear(self, samples: Samples, engine: STTEngine, *, begin: bool) -> str:
        if begin:
            self._begin(engine)
        return engine.hear(samples)

    async def _ask(self, question: Callable[[STTEngine], T], context: RequestContext) -> T:
        assert self._slot is not None
        started = time.perf_counter()
        if context.span is not None:
            self._slot.trace = context.span.working(self._slots.instance.name, started)
        try:
            return await self._slot.ask(question, CALL_SECONDS)
        except STTSError:
            # Its pool sees to it that the next utterance finds an engine that works.
            await self._let_go()
            raise
        finally:
            context.metrics.add(engine=time.perf_counter() - started)
            if context.span is not None:
                own = self._slot.own_work if self._slot is not None else None
                context.span.worked(self._slots.instance.name, started, own)

    async def _take_slot(self, context: RequestContext, *, again: bool) -> float:
        """An instance for the next utterance or its next part; returns the seconds that took. Raises Busy."""
        await self._held.enter_async_context(self._slots.place(again=again))
        self._slot = await self._held.enter_async_context(self._slots.instance.slot(AT_ONCE, begun=True))
        context.metrics.add(queue=self._slot.queue_seconds, load=self._slot.load_seconds)
        return self._slot.queue_seconds

    async def _let_go(self) -> None:
        self._slot = None
        await self._held.aclose()
