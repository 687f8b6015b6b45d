"""An utterance that comes faster than anybody speaks is a recording, and is heard as one.

Its regions of speech are transcribed whole, exactly as those of a file are: so its words are those of the same audio
posted as a file, and no place for live streams is held. Its text is told region by region. The regions follow from how
its frames were judged when they came: a network that began anew with each utterance would judge them a little
differently. Only what nobody has judged yet is searched for speech here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial

import numpy as np

from adapters.execution.instance import EngineInstance
from adapters.health.instance import InstanceHealth
from adapters.transcription.hypothesis import Hypothesis
from adapters.transcription.intake import AudioSource
from adapters.transcription.region_listener import RegionListener
from stts.context import RequestContext
from stts.engine_api import STT_SAMPLE_RATE, Samples, STTEngine, VADEngine
from stts.plans import TranscriptionPlan
from stts.streams.channel import Channel
from stts.streams.live import Mark
from stts.streams.prefetch import prefetch
from stts.transcription import TranscriptEvent
from stts.vad.regions import Region, RegionBuilder, RegionFinder
from stts.vad.rules import RegionRules

TAKEN_SECONDS = 1.0
"""Audio that is searched for speech at once."""
SEARCH_SECONDS = 10.0
"""Longest silence of the engine that searches what was taken."""
EVENTS_AHEAD = 64
"""Events that may wait for a client that reads slowly."""


class RecordedUtterances:
    """Transcribes utterances as recordings. Holds but the language between them."""

    def __init__(
        self,
        instance: EngineInstance[STTEngine],
        health: InstanceHealth,
        vad: EngineInstance[VADEngine],
        plan: TranscriptionPlan,
        rules: Callable[[], RegionRules],
    ) -> None:
        self._instance = instance
        self._health = health
        self._vad = vad
        self._plan = plan
        self._rules = rules
        self._language: str | None = None
        """Language of the last utterance in which there were words."""

    async def transcribe(self, audio: AudioSource, context: RequestContext) -> AsyncGenerator[TranscriptEvent, None]:
        plan = self._plan
        context.output_data.engine, context.output_data.language = plan.instance, plan.language
        params = replace(plan.params, likely_language=self._language)
        listener = RegionListener(self._instance, self._health, params, context)
        work = _Work(listener, self._vad, self._rules(), Hypothesis(plan.language, task=plan.params.task))
        async with aclosing(prefetch(partial(work.listen, audio), EVENTS_AHEAD, "live transcript")) as events:
            async for event in events:
                yield event
        self._language = listener.language or self._language


class _Work:
    """Work on one utterance."""

    def __init__(
        self, listener: RegionListener, vad: EngineInstance[VADEngine], rules: RegionRules, utterance: Hypothesis
    ) -> None:
        self._listener = listener
        self._vad = vad
        self._rules = rules
        self._utterance = utterance
        self._finder: RegionFinder | None = None
        self._builder = RegionBuilder(rules, VADEngine.frame_samples)
        self._frames = 0
        self._samples = 0

    async def listen(self, audio: AudioSource, ready: Channel[TranscriptEvent]) -> None:
        """Nobody asks for words up to a pause: by the time they are known, what follows it is here."""
        while pieces := await audio.take(TAKEN_SECONDS):
            samples = [each for each in pieces if not isinstance(each, Mark)]
            self._samples += sum(map(len, samples))
            await self._hear(await self._regions(samples, audio.probabilities), ready)
        await self._hear(self._builder.finish(), ready)
        if self._finder is not None:
            await self._hear(await self._search(self._finish), ready)
        seconds = self._samples / STT_SAMPLE_RATE
        self._utterance.language = self._listener.language
        self._listener.context.output_data.language = self._utterance.language
        for event in self._utterance.finish(seconds):
            ready.put(event, 1)

    async def _regions(self, pieces: Sequence[Samples], probabilities: Sequence[float]) -> Iterable[Region]:
        """The regions that the next pieces complete."""
        if not probabilities:
            return await self._search(partial(self._push, np.concatenate([np.zeros(0, np.float32), *pieces])))
        frames = np.concatenate([np.zeros(0, np.float32), *pieces]).reshape(-1, VADEngine.frame_samples)
        start, self._frames = self._frames, self._frames + len(frames)
        judged = zip(frames, probabilities[start : self._frames], strict=True)
        return [region for each in judged for region in self._builder.push(*each)]

    async def _search(self, look: Callable[[VADEngine], list[Region]]) -> list[Region]:
        async with self._vad.slot(self._listener.deadline, begun=self._finder is not None) as slot:
            self._listener.context.metrics.add(queue=slot.queue_seconds, load=slot.load_seconds)
            return await slot.ask(look, SEARCH_SECONDS)

    def _push(self, block: Samples, vad: VADEngine) -> list[Region]:
        self._finder = self._finder or RegionFinder(vad, self._rules)
        return list(self._finder.push(block))

    def _finish(self, vad: VADEngine) -> list[Region]:
        return [] if self._finder is None else list(self._finder.finish())

    async def _hear(self, regions: Iterable[Region], ready: Channel[TranscriptEvent]) -> None:
        for region in regions:
            await ready.room()
            async with aclosing(self._listener.listen(region)) as segments:
                self._utterance.commit([segment async for segment in segments], 0)
            for event in self._utterance.update(""):
                ready.put(event, 1)
