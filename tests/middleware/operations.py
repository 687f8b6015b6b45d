"""Operations to put stages around, and ways to run them."""

from __future__ import annotations

import io
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing

from middleware.pipeline import Operation, Stage, compose
from stts.context import Outcome, RequestContext
from stts.plans import ListenRequest, SpeechRequest
from stts.speech import AudioChunk, AudioOutput, SynthesisConfig
from stts.transcription import (
    AudioData,
    Segment,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionConfig,
    TranscriptSegment,
)

TEXT = "Dear Anna, the key is under the mat."
SPEECH = SpeechRequest(TEXT, SynthesisConfig())
UPLOAD = ListenRequest(AudioData(io.BytesIO(b"audio"), 5), TranscriptionConfig())


def spoken(chunks: int = 2, error: BaseException | None = None) -> Operation[SpeechRequest, AudioChunk]:
    """Speaks so many chunks, then fails if it is to."""

    async def run(context: RequestContext, request: SpeechRequest) -> AsyncIterator[AudioChunk]:
        context.metrics.add(queue=0.25, engine=0.5, encode=0.125)
        context.metrics.audio_seconds, context.metrics.characters = 2.0, len(str(request.text))
        context.output_data = Outcome("tone", "low", "en", AudioOutput("wav", "audio/wav", 16_000, 1))
        for _ in range(chunks):
            yield AudioChunk(b"1234", 1.0)
        if error is not None:
            raise error

    return run


async def heard(context: RequestContext, request: ListenRequest) -> AsyncIterator[TranscriptEvent]:
    context.output_data = Outcome("echo", language="en")
    yield TranscriptSegment(Segment("my secret", 0.0, 1.0))
    yield TranscriptSegment(Segment("words", 1.0, 2.0))
    yield TranscriptDone(2.0, "en")


async def run_through(
    stages: Sequence[Stage],
    operation: Operation[SpeechRequest, AudioChunk],
    context: RequestContext | None = None,
    *,
    leave_after: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> RequestContext:
    """Runs a speech operation to its end, or leaves after so many items."""
    context = context or RequestContext("tts", request_id="id-1")
    async with aclosing(compose(stages, operation, clock)(context, SPEECH)) as items:
        taken = 0
        async for _ in items:
            taken += 1
            if taken == leave_after:
                break
    return context
