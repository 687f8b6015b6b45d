"""Listens with one engine for all requests at once: a recording or a live stream in, transcript events out.

The recording is decoded and searched for speech block by block in turns of the VAD engine; each region goes to the
engine as it is found, in a slot of that engine. Silence never reaches it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from adapters.detection.recording import Recording, region_rules
from adapters.detection.speakers import EngineSpeakers
from adapters.execution.instance import EngineInstance
from adapters.health.instance import InstanceHealth
from adapters.parameters import validated
from adapters.transcription.asked import listen_params
from adapters.transcription.diarised import DiarisedListener
from adapters.transcription.paced import PacedSession
from adapters.transcription.recorded import RecordedUtterances
from adapters.transcription.region_listener import RegionListener
from adapters.transcription.rhythm import Rhythm
from adapters.transcription.rolling import RollingSession
from adapters.transcription.streaming import StreamingSession, StreamingSlots
from stts.audio.decode import Decoder
from stts.context import RequestContext
from stts.engine_api import EngineInfo, Segment, STTEngine, VADEngine
from stts.languages import best_match
from stts.plans import TranscriptionPlan
from stts.settings import CurrentSettings
from stts.streams.channel import Channel
from stts.streams.prefetch import prefetch
from stts.transcription import (
    AudioData,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionConfig,
    TranscriptSegment,
    TranscriptWarning,
)
from stts.vad.regions import Region
from stts.vad.rules import RegionRules

EVENTS_AHEAD = 64
"""Segments that may wait for a client that reads slowly."""


class EngineSTTAdapter:
    """The STTAdapter over any STT engine."""

    def __init__(
        self,
        instance: EngineInstance[STTEngine],
        vad: EngineInstance[VADEngine],
        settings: CurrentSettings,
        slots: StreamingSlots,
        health: InstanceHealth,
        speakers: EngineSpeakers,
    ) -> None:
        """`slots`: for live streams, where the engine understands those itself. `health` is told of each call."""
        self._instance = instance
        self._health = health
        self._vad = vad
        self._settings = settings
        self._slots = slots
        self._speakers = speakers
        self._rhythm = Rhythm()

    @property
    def info(self) -> EngineInfo:
        return self._instance.info

    def plan(self, config: TranscriptionConfig) -> TranscriptionPlan:
        """Decides what the engine is given. Raises InvalidParameter for what it cannot do."""
        extra = validated(self._instance.parameters, config.parameters, ignore_unknown=config.ignore_unknown_parameters)
        params, warnings = listen_params(self.info, config, extra)
        asked = best_match(params.language, self.info.languages) if params.language else None
        models = self._instance.engine.models()
        return TranscriptionPlan(
            config,
            self._instance.name,
            params,
            asked,
            models[0].id if len(models) == 1 else "",
            warnings=tuple(warnings),
        )

    def session(self, plan: TranscriptionPlan) -> PacedSession:
        """Raises Busy where all places are taken. Whoever opens it closes it."""
        if self.info.abilities.live:
            session: StreamingSession | RollingSession = self._slots.open(plan)
        else:
            session = RollingSession(self._instance, self._health, plan, self._rhythm)
        recorded = RecordedUtterances(self._instance, self._health, self._vad, plan, partial(self._rules, plan))
        return PacedSession(session, recorded)

    async def transcribe(
        self, plan: TranscriptionPlan, audio: AudioData, context: RequestContext
    ) -> AsyncGenerator[TranscriptEvent, None]:
        settings = self._settings()
        context.output_data.engine, context.output_data.language = plan.instance, plan.language
        decoder = Decoder(audio.file, max_seconds=settings.limits.audio_seconds, channel=audio.channel)
        recording = Recording(decoder, self._rules(plan), context.metrics)
        listener = RegionListener(self._instance, self._health, plan.params, context)
        try:
            make = partial(self._make, recording, listener, await self._telling(plan, listener))
            async with aclosing(prefetch(make, EVENTS_AHEAD, "transcript")) as events:
                async for event in events:
                    yield event
        finally:
            recording.close()
        for warning in decoder.warnings:
            yield TranscriptWarning(warning)
        context.output_data.language = plan.language or listener.language
        yield TranscriptDone(decoder.seconds, listener.language)

    def _rules(self, plan: TranscriptionPlan) -> RegionRules:
        return region_rules(self._settings().stt, self.info.limits.max_seconds, plan.asked.chunking)

    async def _telling(self, plan: TranscriptionPlan, listener: RegionListener) -> DiarisedListener | None:
        """A listener that tells speakers apart; None: nobody wants that. Raises InvalidParameter where nothing does."""
        wishes = plan.asked.speakers
        if wishes is None:
            return None
        telling = DiarisedListener(listener, self._speakers, wishes, word_times=plan.params.word_timestamps)
        await telling.prepare()
        return telling

    async def _make(
        self,
        recording: Recording,
        listener: RegionListener,
        telling: DiarisedListener | None,
        ready: Channel[TranscriptEvent],
    ) -> None:
        """Looks for speech for a while, has it transcribed, and so on: no slot is held while another is waited for."""
        while not recording.done:
            await ready.room()
            for region in await self._look(recording, listener):
                await _put(ready, (telling or listener).listen(region))
        if telling is not None:
            await _put(ready, telling.finish())

    async def _look(self, recording: Recording, listener: RegionListener) -> list[Region]:
        """The regions of the next stretch of the recording; there may be none."""
        async with self._vad.slot(listener.deadline, begun=recording.begun) as slot:
            listener.context.metrics.add(queue=slot.queue_seconds, load=slot.load_seconds)
            began = time.perf_counter()
            try:
                async with aclosing(slot.run(recording.search, once=True)) as found:
                    return [region async for region in found if region is not None]
            finally:
                if (span := listener.context.span) is not None:
                    span.detected(began)


async def _put(ready: Channel[TranscriptEvent], heard: AsyncGenerator[Segment, None]) -> None:
    async with aclosing(heard) as segments:
        async for segment in segments:
            ready.put(TranscriptSegment(segment), 1)
