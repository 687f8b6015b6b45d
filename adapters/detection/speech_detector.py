"""Speech detection in recordings: yields regions of speech, found in slots of the VAD engine."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from adapters.detection.recording import Recording
from adapters.execution.instance import EngineInstance
from stts.audio.decode import Decoder
from stts.context import Priority, RequestContext
from stts.engine_api import STT_SAMPLE_RATE, VADEngine
from stts.scheduling.playback import Playback
from stts.settings import CurrentSettings
from stts.vad.requests import DetectRequest

HELD_SECONDS = 30.0
"""Seconds of a region held in memory; longer regions are joined from several."""


@dataclass(frozen=True, slots=True)
class Speech:
    start: float
    """Seconds from the start of the recording."""
    end: float


class SpeechDetector:
    def __init__(self, vad: EngineInstance[VADEngine], settings: CurrentSettings) -> None:
        self._vad = vad
        self._settings = settings

    async def detect(self, context: RequestContext, request: DetectRequest) -> AsyncGenerator[Speech, None]:
        """Yields regions in order, as they are found. Raises UndecodableAudio, AudioTooLong, Busy."""
        context.output_data.engine = self._vad.name
        longest = request.rules.max_seconds
        decoder = Decoder(request.audio.file, max_seconds=self._settings().limits.audio_seconds)
        rules = replace(request.rules, max_seconds=min(longest, HELD_SECONDS))
        recording = Recording(decoder, rules, context.metrics)
        try:
            async with aclosing(self._found(recording, decoder, context)) as found:
                async for speech in joined(found, longest):
                    yield speech
        finally:
            recording.close()
        for warning in decoder.warnings:
            context.warn(warning)

    async def _found(
        self, recording: Recording, decoder: Decoder, context: RequestContext
    ) -> AsyncGenerator[Speech, None]:
        progress = Playback(time.monotonic(), max(context.priority, Priority.COLLECTED))
        while not recording.done:
            before = decoder.seconds
            async with self._vad.slot(progress.deadline, begun=recording.begun) as slot:
                context.metrics.add(queue=slot.queue_seconds, load=slot.load_seconds)
                async with aclosing(slot.run(recording.search, once=True)) as regions:
                    found = [(each.start, len(each.samples)) async for each in regions if each is not None]
            progress.made(decoder.seconds - before, time.monotonic())
            for start, samples in found:
                yield Speech(start, min(start + samples / STT_SAMPLE_RATE, decoder.seconds))


async def joined(found: AsyncGenerator[Speech, None], longest: float) -> AsyncGenerator[Speech, None]:
    """Joins regions that follow each other without a gap, up to `longest` seconds."""
    last: Speech | None = None
    async for speech in found:
        if last is not None and speech.start <= last.end and speech.end - last.start <= longest:
            last = Speech(last.start, speech.end)
            continue
        if last is not None:
            yield last
        last = speech
    if last is not None:
        yield last
