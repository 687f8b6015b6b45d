"""Live streams as they come: at the pace of a speaker, or faster, as files that are pushed into a socket are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Literal

from adapters.transcription.recorded import RecordedUtterances
from adapters.transcription.rolling import RollingSession
from adapters.transcription.streaming import StreamingSession
from stts.context import RequestContext
from stts.engine_api import Samples
from stts.plans import TranscriptionPlan
from stts.streams.live import SAMPLE_RATE, LiveAudio, Mark
from stts.timings import Timings
from stts.transcription import TranscriptEvent, TranscriptPartial

EARLY_SECONDS = 1.5
"""Sooner than it could have been spoken: more than lies in one message."""
KEPT_SECONDS = 10.0
"""Audio that is stored while nothing of it was told for good; audio that comes too early does so sooner."""

COLLECTED_SECONDS = 60.0
"""Audio beyond which what comes too early is a recording, whether it has ended or not."""
TAKEN_SECONDS = 1.0
"""Audio that is waited for at once."""
GAINED_SECONDS = 0.5
PACED_SECONDS = 2.0
"""A recording comes so much sooner within so much audio; else somebody speaks on, of whom the beginning was late."""


class PacedSession:
    """An utterance is heard while it is spoken, until it turns out that it cannot be: nobody speaks so fast."""

    def __init__(self, session: StreamingSession | RollingSession, recorded: RecordedUtterances) -> None:
        self._session = session
        self._recorded = recorded

    @property
    def plan(self) -> TranscriptionPlan:
        return self._session.plan

    async def prepare(self) -> None:
        await self._session.prepare()

    def retire(self) -> None:
        self._session.retire()

    async def aclose(self) -> None:
        await self._session.aclose()

    async def transcribe(self, audio: LiveAudio, context: RequestContext) -> AsyncGenerator[TranscriptEvent, None]:
        taken = _Retained(audio, context.metrics)
        tail = ""
        try:
            async with aclosing(self._session.transcribe(taken, context)) as events:
                async for event in events:
                    if taken.is_too_early:  # What it says was not told yet, and all is heard again.
                        continue
                    if isinstance(event, TranscriptPartial):
                        tail = event.tail
                        if event.stable_delta:  # What was told for good cannot be heard again in another way.
                            taken.release()
                    yield event
            return
        except _TooEarly:
            pass
        whole = await taken.collect()
        if tail:
            yield TranscriptPartial("", "")
        session = self._recorded if whole else self._session
        async with aclosing(session.transcribe(taken, context)) as events:
            async for event in events:
                yield event


class _TooEarly(Exception):
    """Nobody has spoken this just now."""


class _Retained:
    """Audio that can be taken once more from its beginning, as long as nothing was told of it for good."""

    def __init__(self, audio: LiveAudio, times: Timings) -> None:
        """`times` are told of the seconds taken as they are: what was heard counts however the utterance ends."""
        self._audio = audio
        self._times = times
        self._samples = 0
        self._kept: list[Samples | Literal[Mark.CHECKPOINT]] = []
        self._keeping = True
        self._again = False
        self.is_too_early = False
        """_TooEarly was raised, and may be on its way."""

    @property
    def judged(self) -> bool:
        return self._audio.judged

    @property
    def seconds(self) -> float:
        return self._audio.seconds

    @property
    def probabilities(self) -> Sequence[float]:
        return self._audio.probabilities

    async def take(self, least: float = 0.0) -> list[Samples | Literal[Mark.CHECKPOINT]]:
        """Raises _TooEarly as long as it can be taken again."""
        if self._again and self._kept:
            return self._once_more(least)
        pieces = await self._fresh(least)
        if self._keeping:
            self._kept += pieces
            if self._audio.early > EARLY_SECONDS:
                self.is_too_early = True
                raise _TooEarly
            if self._audio.seconds > KEPT_SECONDS:
                self.release()
        return pieces

    async def _fresh(self, least: float) -> list[Samples | Literal[Mark.CHECKPOINT]]:
        pieces = await self._audio.take(least)
        self._samples += sum(len(piece) for piece in pieces if not isinstance(piece, Mark))
        self._times.audio_seconds = self._samples / SAMPLE_RATE
        return pieces

    def _once_more(self, least: float) -> list[Samples | Literal[Mark.CHECKPOINT]]:
        """In steps, as if it came again: an engine that hears all at once has but one opinion of it."""
        taken, samples = 0, 0
        while taken < len(self._kept) and (taken == 0 or samples < least * SAMPLE_RATE):
            piece = self._kept[taken]
            samples += 0 if isinstance(piece, Mark) else len(piece)
            taken += 1
        pieces, self._kept = self._kept[:taken], self._kept[taken:]
        return pieces

    def release(self) -> None:
        self._keeping = False
        self._kept.clear()

    async def collect(self) -> bool:
        """Waits for more as long as that comes before its time; from now on all is taken again.

        Whether it is a recording: it has ended, or is too long to be waited for. If not, somebody may be speaking.
        """
        self._again, self._keeping = True, False
        audio = self._audio
        early, since = audio.early, audio.seconds
        try:
            while audio.seconds < COLLECTED_SECONDS:
                async with asyncio.timeout(max(0.0, audio.lead)):
                    pieces = await self._fresh(TAKEN_SECONDS)
                if not pieces:
                    return True
                self._kept += pieces
                if audio.early >= early + GAINED_SECONDS:
                    early, since = audio.early, audio.seconds
                elif audio.seconds >= since + PACED_SECONDS:
                    return False
        except TimeoutError:
            return False
        return True
