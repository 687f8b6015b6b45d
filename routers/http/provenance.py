"""Looks for the watermark in recordings: where somebody speaks, and for all in turns, so that none waits for an hour of
another's."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from adapters.detection.speech_detector import SpeechDetector
from routers.http.workers import Workers
from stts.audio.watermark.detector import Span, WatermarkFinding, WatermarkSearch
from stts.audio.watermark.weights import watermark_network
from stts.context import RequestContext
from stts.plans import ProvenanceRequest
from stts.settings import CurrentSettings
from stts.vad.requests import DetectRequest
from stts.vad.rules import RegionRules

THREADS = 1
MOST_WAITING = 8
SHORTEST, PAUSE = 0.25, 0.5
"""Seconds of speech that count, and of silence within it."""


class ProvenanceChecks:
    def __init__(self, detector: SpeechDetector, settings: CurrentSettings) -> None:
        self._detector = detector
        self._settings = settings
        self._workers = Workers("provenance", threads=THREADS, queue_length=MOST_WAITING)

    async def check(
        self, context: RequestContext, request: ProvenanceRequest
    ) -> AsyncGenerator[WatermarkFinding, None]:
        """Yields the finding. Raises UndecodableAudio, AudioTooLong, Busy, EngineNotInstalled, EngineLoadFailed."""
        settings = self._settings()
        network = watermark_network(settings.watermark.weights)
        longest = settings.limits.audio_seconds
        rules = RegionRules(settings.stt.vad_threshold, SHORTEST, PAUSE, 0.0, longest)
        looking = self._detector.detect(context, DetectRequest(request.audio, rules))
        async with aclosing(looking) as found:
            speech = [Span(each.start, each.end) async for each in found]
        search = WatermarkSearch(request.audio.file, network, max_seconds=longest, speech=speech)
        yield await self._workers.in_turns(search.turn)
