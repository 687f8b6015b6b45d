"""Speech in: regions of speech are found while the audio comes, and each is transcribed while it is spoken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing

import numpy as np

from routers.wyoming.encoder import TranscriptEncoder
from routers.wyoming.frames import Event
from routers.wyoming.pcm import Converter
from routers.wyoming.schemas import AudioShape, TranscribeShape
from stts.conversation.segmenter import FRAME, FrameCutter, JudgedFrame, SpeechSegmenter, compact
from stts.conversation.services import SessionServices
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.errors import AudioTooLong
from stts.protocols import HearRequest, TranscriptionSession, VoiceStream
from stts.settings import Settings
from stts.streams.channel import Channel
from stts.streams.live import LiveAudio
from stts.transcription import TranscriptionConfig
from stts.vad.endpointing import Endpoint, Signal
from stts.vad.rules import TurnRules
from stts.vad.segmenter import levels

Send = Callable[[Event], Awaitable[None]]

WAITING_REGIONS = 2
"""Regions that may wait behind the one being transcribed; then the client waits."""
PATIENCE = {"relaxed": 2.0, "aggressive": 0.5}
"""Factors on the silence that ends a region."""


class Transcription:
    """One stream of audio. One task calls `hear` and, at the end, `finish`; another runs `run`."""

    def __init__(self, options: TranscribeShape, services: SessionServices, settings: Settings) -> None:
        self._services = services
        self._limits = settings.limits
        self._converter = Converter()
        self._segmenter = SpeechSegmenter(_rules(settings, options))
        self._cutter = FrameCutter()
        self._stream: VoiceStream | None = None
        self._regions: Channel[LiveAudio] = Channel(WAITING_REGIONS)
        self._region: LiveAudio | None = None
        self._candidate: list[JudgedFrame] | None = None
        """Frames of what may become a region, with the padding before it."""
        self._seconds = 0.0
        self._encoder = TranscriptEncoder(options.language)

    async def hear(self, shape: AudioShape, data: bytes) -> None:
        """Raises InvalidRequest and AudioTooLong."""
        await self._converter.ready(shape)
        for samples in self._converter.push(shape, data):
            self._seconds += len(samples) / STT_SAMPLE_RATE
            if self._seconds > self._limits.audio_seconds:
                raise AudioTooLong(f"The audio is longer than {self._limits.audio_seconds:g} seconds.")
            await self._listen(samples)

    async def finish(self) -> None:
        """The audio is complete."""
        # Silence fills the last frame.
        await self._listen(np.concatenate((self._converter.finish(), np.zeros(FRAME - 1, np.float32))))
        endpointer = self._segmenter.endpointer
        for signal in (*endpointer.confirm(), *endpointer.end()):
            await self._follow(signal)
        self._regions.close()

    async def run(self, config: TranscriptionConfig, send: Send) -> None:
        """Transcribes what is heard until it is complete, and tells. Raises stts.errors."""
        try:
            session = await self._services.open(config)
            try:
                await send(self._encoder.start())
                async for audio in self._regions:
                    await self._transcribe(session, audio, send)
            finally:
                await session.aclose()
        finally:
            if self._stream is not None:
                self._stream.close()
        for event in self._encoder.stop():
            await send(event)

    async def _listen(self, samples: Samples) -> None:
        self._stream = self._stream or self._services.voice.stream()
        for frames in self._cutter.cut(samples):
            found = (await self._stream.probabilities(frames)).tolist()
            for frame, probability, level in zip(frames, found, levels(frames).tolist(), strict=True):
                await self._keep(compact(frame, level), probability)
                for signal in self._segmenter.signals(probability, level, over=False):
                    await self._follow(signal)

    async def _keep(self, frame: Samples, probability: float | None) -> None:
        if self._region is not None:
            await self._region.room()
            self._region.write(frame, probability)
        elif self._candidate is not None:
            self._candidate.append((frame, probability))
        else:
            self._segmenter.keep(frame, probability)

    async def _follow(self, signal: Signal) -> None:
        if signal.kind is Endpoint.ONSET:
            self._candidate = self._segmenter.take_prefix(signal.at)
        elif signal.kind is Endpoint.FALSE_ALARM:
            for judged in self._dropped():
                self._segmenter.keep(*judged)
        elif signal.kind is Endpoint.CONFIRMED:
            await self._regions.room()
            self._region = LiveAudio(self._limits.live_seconds)
            self._regions.put(self._region, 1)
            for judged in self._dropped():
                self._region.write(*judged)
        elif signal.kind is Endpoint.ENDED and self._region is not None:
            self._region.close()
            self._region = None

    def _dropped(self) -> list[JudgedFrame]:
        """Drops the candidate and returns its frames."""
        frames, self._candidate = self._candidate or [], None
        return frames

    async def _transcribe(self, session: TranscriptionSession, audio: LiveAudio, send: Send) -> None:
        context = self._services.context("stt")
        self._encoder.begin_region()
        async with aclosing(self._services.hear(context, HearRequest(audio, session))) as events:
            async for event in events:
                for message in self._encoder.to_messages(event):
                    await send(message)


def _rules(settings: Settings, options: TranscribeShape) -> TurnRules:
    return TurnRules(
        threshold=settings.stt.vad_threshold,
        min_speech=settings.stt.min_speech_seconds,
        silence=settings.stt.min_silence_seconds * PATIENCE.get(options.vad_sensitivity, 1.0),
        prefix=settings.stt.padding_seconds,
        longest=settings.conversation.turn_seconds,
    )
