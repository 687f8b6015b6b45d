"""Streaming for batch STT engines: re-transcribe a growing window, commit at pauses.

The window of audio grows until it is as long as the engine hears at once; then it is cut at its quietest moment, what
lies before is committed, and it goes on from there. Interim runs over the unfinished window stand behind everybody's
finished ones in the engine's queue. Silence is not transcribed: where nothing was said since, the last result stands.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace

import numpy as np

from adapters.execution.instance import EngineInstance
from adapters.health.instance import InstanceHealth
from adapters.transcription.hypothesis import Hypothesis
from adapters.transcription.intake import LAG_SECONDS, AudioSource, Intake, Stop
from adapters.transcription.rhythm import Rhythm
from adapters.transcription.window_reader import WindowReader
from stts.context import RequestContext
from stts.engine_api import STT_SAMPLE_RATE, Samples, Segment, STTEngine
from stts.errors import STTSError
from stts.plans import TranscriptionPlan
from stts.streams.channel import Channel
from stts.streams.prefetch import prefetch
from stts.text.transcript import join_texts
from stts.transcription import TranscriptEvent
from stts.vad.cutting import quietest

TAKEN = STT_SAMPLE_RATE // 8
"""Samples taken at once while partial words are wanted."""
STEP = STT_SAMPLE_RATE
"""Samples taken at once while they are not."""
FRESH = round(0.3 * STT_SAMPLE_RATE)
"""New samples after which another interim run is usually due; when it begins, the rhythm of the engine says."""
COMFORTABLE = 12 * STT_SAMPLE_RATE
"""Samples of a window beyond which the next pause ends it: each run over it has become dear."""
SURE_LOGPROB, SURE_COMPRESSION = -0.8, 2.4
"""A guess stands for the last word where its engine is this sure of it, or says nothing of that."""
EVENTS_AHEAD = 64
"""Events that may wait for a client that reads slowly."""


class RollingSession:
    """Holds but the language between utterances: its engine keeps nothing of a stream."""

    def __init__(
        self, instance: EngineInstance[STTEngine], health: InstanceHealth, plan: TranscriptionPlan, rhythm: Rhythm
    ) -> None:
        """`rhythm`: of the instance. Without `partials` in what was asked, nothing is transcribed before it is asked
        for or over."""
        self._instance = instance
        self._health = health
        self.plan = plan
        self._rhythm = rhythm
        self._language: str | None = None
        """Language of the last utterance in which there were words: the next is hardly in another."""

    async def prepare(self) -> None:
        """Loads the engine, so that the first words need not wait for it. Raises what a load raises."""
        await self._instance.load()

    async def transcribe(self, audio: AudioSource, context: RequestContext) -> AsyncGenerator[TranscriptEvent, None]:
        plan = self.plan
        context.output_data.engine, context.output_data.language = plan.instance, plan.language
        intake, utterance = Intake(audio), Hypothesis(plan.language, task=plan.params.task)
        plan = replace(plan, params=replace(plan.params, likely_language=self._language))
        listener = _Listener(self._instance, self._health, plan, context, intake, utterance, self._rhythm)
        async with aclosing(prefetch(listener.listen, EVENTS_AHEAD, "live transcript")) as events:
            async for event in events:
                yield event
        self._language = utterance.language or self._language

    def retire(self) -> None:
        """Nothing is kept ready for it."""

    async def aclose(self) -> None:
        """There is nothing to give back."""


class _Listener:
    """Transcribes one utterance."""

    def __init__(
        self,
        instance: EngineInstance[STTEngine],
        health: InstanceHealth,
        plan: TranscriptionPlan,
        context: RequestContext,
        intake: Intake,
        utterance: Hypothesis,
        rhythm: Rhythm,
    ) -> None:
        self._context = context
        self._intake = intake
        self._utterance = utterance
        self._reader = WindowReader(instance, health, plan.params, context, utterance)
        self._rhythm = rhythm
        self._partials = plan.asked.partials
        wanted = plan.asked.guess_after
        self._fresh = FRESH if wanted is None else round(wanted * STT_SAMPLE_RATE)
        self._settles = plan.asked.settle_after is not None
        self._pieces: list[Samples] = []
        """The window in parts, which are put together where its words are asked for."""
        self._length = 0
        """Samples of the window."""
        self._begun = 0
        """The sample of the utterance with which the window begins."""
        self._longest = int(instance.info.limits.max_seconds * STT_SAMPLE_RATE)
        self._words: Sequence[Segment] | None = ()
        """Words of the window, if nothing was said since the mark; None: unknown."""
        self._interim: asyncio.Task[None] | None = None
        self._interim_end = 0
        """Samples of the utterance at the end of the last interim run, or of an earlier one."""
        self._asked = 0.0
        """Time at which the last interim run was due."""
        self._guessing = False
        """True while an interim run is at work, and does not wait for its turn."""

    async def listen(self, ready: Channel[TranscriptEvent]) -> None:
        stop: Stop | None = None
        try:
            while stop is not Stop.END:
                await ready.room()
                samples, stop = await self._intake.next(TAKEN if self._partials else STEP)
                await self._take(samples)
                if stop is None:
                    if self._partials:
                        self._start_interim(ready)
                    continue
                words = await self._all_words()
                if stop is Stop.CHECKPOINT:
                    for event in self._so_far(words):
                        ready.put(event, 1)
        finally:
            await self._end_interim()
        self._finish(words, ready)

    async def _take(self, samples: Samples) -> None:
        """Makes the window longer, or moves on to the next."""
        length = self._length + len(samples)
        if length > self._longest or (self._partials and length > COMFORTABLE and self._intake.pausing):
            await self._move_on()
        self._pieces.append(samples)
        self._length += len(samples)

    @property
    def _window(self) -> Samples:
        if len(self._pieces) != 1:
            self._pieces = [np.concatenate([np.zeros(0, np.float32), *self._pieces])]
        return self._pieces[0]

    async def _move_on(self) -> None:
        """Decides the words of the window: of all of it where it ends in silence, else up to its quietest moment."""
        await self._end_interim()
        window = self._window
        cut = len(window)
        if self._words is None or not self._intake.quiet:
            cut = quietest(window)
            self._words = await self._reader.decide(window[:cut], all_heard=cut == len(window))
        self._utterance.commit(self._words, self._begun, all_heard=cut == len(window))
        self._begun += cut
        # A copy: the rest would hold on to all of it.
        self._pieces = [window[cut:].copy()]
        self._length = len(window) - cut
        self._words = None if self._length else ()

    def _start_interim(self, ready: Channel[TranscriptEvent]) -> None:
        """Begins another interim run over the unfinished window if it is time for one."""
        intake = self._intake
        if self._interim is not None:
            if not self._guessing and time.monotonic() - self._asked < LAG_SECONDS:
                # It waits for the others: what came at once is not behind yet.
                return
            for lagging in intake.lagging(self._interim_end):
                ready.put(lagging, 1)
        elif not intake.quiet and intake.taken - self._interim_end >= self._fresh:
            self._asked = time.monotonic()
            self._interim = asyncio.create_task(self._run_interim(ready), name="interim")

    async def _run_interim(self, ready: Channel[TranscriptEvent]) -> None:
        """Transcribes what there is of the window when its turn has come.

        An engine that cannot now is asked again later, at last for the whole.
        """
        async with self._rhythm.turn():
            self._interim_end, self._words, self._guessing = self._intake.taken, None, True
            self._intake.mark()
            try:
                with suppress(STTSError):
                    words = await self._reader.guess(self._window)
                    for event in self._utterance.update(self._joined(words)):
                        ready.put(event, 1)
                    stands = all(map(_is_sure, words)) and not self._utterance.contradicted(words)
                    self._words = words if stands else None
            finally:
                self._guessing = False
        self._interim = None

    async def _end_interim(self) -> None:
        interim, self._interim = self._interim, None
        if interim is not None:
            interim.cancel()
            await asyncio.wait([interim])

    async def _all_words(self) -> Sequence[Segment]:
        """Returns the words of the whole window, those of the last interim run if nothing was said since."""
        intake = self._intake
        if self._interim is not None and self._guessing and intake.quiet:
            await asyncio.wait([self._interim])
        await self._end_interim()
        if self._words is None or not intake.quiet:
            self._interim_end = intake.taken
            intake.mark()
            self._words = await self._reader.decide(self._window)
        return self._words

    def _so_far(self, words: Sequence[Segment]) -> Iterator[TranscriptEvent]:
        """The words up to a checkpoint."""
        if self._partials and not self._settles:
            yield from self._utterance.update(self._joined(words))
        yield from self._utterance.so_far(words, self._begun, settle=self._settles)

    def _joined(self, words: Sequence[Segment]) -> str:
        return join_texts((word.text for word in words), self._utterance.written)

    def _finish(self, words: Sequence[Segment], ready: Channel[TranscriptEvent]) -> None:
        utterance, seconds = self._utterance, self._intake.seconds
        utterance.commit(words, self._begun)
        self._context.output_data.language = utterance.language
        for event in utterance.finish(seconds):
            ready.put(event, 1)


def _is_sure(segment: Segment) -> bool:
    likely = segment.avg_logprob is None or segment.avg_logprob > SURE_LOGPROB
    return likely and (segment.compression_ratio or 0.0) <= SURE_COMPRESSION
