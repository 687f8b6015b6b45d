"""Several passages in one file: each is an operation of its own, and their samples are encoded together.

So every voice may be another engine's, and pauses and loudness are made here, where all of them meet.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

import numpy as np

from routers.http.operation import ReserveAhead, Speak
from stts.access.quota_ahead import QuotaAhead
from stts.audio.encode import Encoder
from stts.audio.formats import audio_output
from stts.context import Priority, RequestContext
from stts.engine_api import Samples
from stts.plans import SpeechRequest
from stts.speech import AudioChunk, SynthesisConfig
from stts.text.passages import Passage, Passages

NewContext = Callable[[int], RequestContext]
"""Makes the context of a passage of so many characters."""
Plan = Callable[[SpeechRequest, Priority], Awaitable[SpeechRequest]]
"""Raises all that can be known to be wrong before a request is spoken."""
FULL_SCALE = np.float32(32_768)
SLOWEST, FASTEST = 0.25, 4.0


class PassageSpeech:
    """One answer; its `chunks` are read once."""

    def __init__(
        self,
        speak: Speak,
        plan: Plan,
        context: RequestContext,
        others: NewContext,
        passages: Passages,
        config: SynthesisConfig,
        *,
        reserve: ReserveAhead,
        sample_rate: int,
        gain: float = 1.0,
    ) -> None:
        """`context`: of the first passage, by which the answer is described. `sample_rate`: Hz of the file. `gain`: a
        factor of all samples."""
        self.voice: str | None = config.voice
        """The voice that speaks now, as it was asked for."""
        self._speak = speak
        self._plan = plan
        self._reserve = reserve
        self._context = context
        self._others = others
        self._passages = passages
        self._config = config
        self._sample_rate = sample_rate
        self._gain = np.float32(gain / FULL_SCALE)

    async def chunks(self) -> AsyncGenerator[AudioChunk, None]:
        """Raises InvalidText, UnknownVoice and what else speaking raises, before the first chunk where it can."""
        await self._check_later()
        wanted = audio_output(self._config, self._sample_rate)
        encoder = await asyncio.to_thread(Encoder, wanted.format, self._sample_rate, wanted.channels, wanted.bit_rate)
        requests = [self._request(passage) for passage in self._passages.spoken]
        requests[-1] = replace(requests[-1], silence=requests[-1].silence + self._passages.pause)
        shares = await self._reserve(self._context, requests)
        try:
            async with aclosing(self._spoken(encoder, requests, shares)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            for share in shares:
                await share.give_back()
        yield await self._encoded(encoder, AudioChunk(b"", 0.0), self._silence(self._passages.pause))
        before = encoder.seconds
        data = await asyncio.to_thread(encoder.finish)
        self._context.metrics.audio_seconds = encoder.seconds
        yield AudioChunk(data, encoder.seconds - before, header=encoder.header(), ends_piece=True)

    async def _spoken(
        self, encoder: Encoder, requests: Sequence[SpeechRequest], shares: Sequence[QuotaAhead]
    ) -> AsyncGenerator[AudioChunk, None]:
        """Speaks one passage after the other. `shares`: those of the requests; none where nothing limits the caller."""
        context = self._context
        for number, (passage, request) in enumerate(zip(self._passages.spoken, requests, strict=True)):
            silence = self._silence(passage.pause)
            self.voice = self._voice_of(passage)
            context.quota_ahead = shares[number] if shares else None
            async with aclosing(self._speak(context, request)) as chunks:
                async for chunk in chunks:
                    samples = np.frombuffer(chunk.data, np.int16) * self._gain
                    if len(silence):
                        yield await self._encoded(encoder, AudioChunk(b"", 0.0), silence)
                        silence = silence[:0]
                    yield await self._encoded(encoder, chunk, samples)
            context = self._others(0)

    async def _check_later(self) -> None:
        """Plans the longest passage of each voice but that of the first, whose own operation does.

        Once the answer has begun it could only be broken off.
        """
        first, *later = self._passages.spoken
        longest: dict[str | None, Passage] = {}
        for passage in later:
            voice = self._voice_of(passage)
            if voice not in longest or len(longest[voice].text) < len(passage.text):
                longest[voice] = passage
        for voice, passage in longest.items():
            if voice != self._voice_of(first) or len(passage.text) > len(first.text):
                await self._plan(self._request(passage), self._context.priority)

    def _voice_of(self, passage: Passage) -> str | None:
        return passage.voice or self._config.voice

    def _request(self, passage: Passage) -> SpeechRequest:
        speed = self._config.speed
        if passage.rate != 1.0:
            speed = min(max((speed or 1.0) * passage.rate, SLOWEST), FASTEST)
        config = replace(
            self._config,
            format="pcm",
            channels=1,
            bit_rate=None,
            sample_rate=self._sample_rate,
            voice=self._voice_of(passage),
            speed=speed,
        )
        return SpeechRequest(passage.text, config, silence=passage.pause)

    async def _encoded(self, encoder: Encoder, chunk: AudioChunk, samples: Samples) -> AudioChunk:
        """The chunk in the format of the file; the context of the answer is told of that, and that nobody keeps it."""
        output = self._context.output_data
        output.audio, output.cache = audio_output(self._config, self._sample_rate), None
        before = encoder.seconds
        data = await asyncio.to_thread(encoder.encode, samples) if len(samples) else b""
        return replace(chunk, data=data, seconds=encoder.seconds - before, header=b"", ends=False)

    def _silence(self, seconds: float) -> Samples:
        return np.zeros(round(seconds * self._sample_rate), np.float32)
