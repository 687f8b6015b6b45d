"""Transcripts that say who speaks: `diarized_json`, whole and in events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from fastapi.responses import JSONResponse

from routers.compat.openai.transcript import languages_of, warned
from routers.http.sse import event
from routers.http.usage import duration_usage, transcript_usage
from stts.text.transcript import separator
from stts.transcription import (
    Segment,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionResult,
    TranscriptSegment,
    TranscriptWarning,
)

NOBODY = "A"
"""Speaker of a segment of which nobody has told one."""


def diarised_transcript(result: TranscriptionResult) -> JSONResponse:
    segments = [segment for segment in result.segments if segment.text.strip()]
    return JSONResponse(
        {
            "task": "transcribe",
            "duration": round(result.duration, 3),
            "text": result.text,
            "segments": [_segment(number, segment) for number, segment in enumerate(segments)],
            "usage": duration_usage(result.duration),
            **warned(result.warnings),
        }
    )


async def diarised_events(
    events: AsyncGenerator[TranscriptEvent, None], known: Sequence[str] = ()
) -> AsyncGenerator[str, None]:
    """A delta and a segment for each stretch of one speaker; the deltas joined are the text of the last event.

    `known`: warnings given before.
    """
    text, count = "", 0
    warnings: list[str] = []
    async with aclosing(events):
        async for item in events:
            match item:
                case TranscriptSegment(segment) if spoken := segment.text.strip():
                    delta = separator(segment.language) + spoken if text else spoken
                    text += delta
                    told = _segment(count, segment)
                    count += 1
                    yield event({"type": "transcript.text.delta", "delta": delta, "segment_id": told["id"]})
                    yield event(told)
                case TranscriptWarning(message):
                    warnings.append(message)
                case TranscriptDone(duration, language):
                    # The event's usage is typed in tokens only, also where a whole answer counts seconds.
                    usage = transcript_usage(duration, "", text)
                    done = {"type": "transcript.text.done", "text": text, "languages": languages_of(language)}
                    yield event({**done, "usage": usage, **warned([*known, *warnings])})


def _segment(number: int, segment: Segment) -> dict[str, Any]:
    return {
        "type": "transcript.text.segment",
        "id": f"seg_{number}",
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text.strip(),
        "speaker": segment.speaker or NOBODY,
    }
