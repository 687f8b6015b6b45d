"""Transcripts as OpenAI's clients parse them, whole and in events."""

from __future__ import annotations

import math
import zlib
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse

from routers.http.sse import event
from routers.http.transcripts import written_transcript
from routers.http.usage import duration_usage, transcript_usage
from stts.languages import english_name, primary
from stts.text.cues import CueRules
from stts.text.transcript import separator
from stts.transcription import (
    Segment,
    Task,
    TranscriptDone,
    TranscriptEvent,
    TranscriptFormat,
    TranscriptionResult,
    TranscriptSegment,
    TranscriptWarning,
)

SEEK_FRAMES_A_SECOND = 100
"""`seek` counts in Whisper's frames of 10 ms."""


async def whole_transcript(
    result: TranscriptionResult,
    format: TranscriptFormat,
    task: Task,
    granularities: Collection[str],
    rules: CueRules,
) -> Response:
    match format:
        case "json":
            return JSONResponse(_plain(result, task))
        case "verbose_json":
            return JSONResponse(_verbose(result, task, granularities or ("segment",)))
        case "text" | "srt" | "vtt":
            return await written_transcript(result, format, rules)


async def transcript_events(
    events: AsyncGenerator[TranscriptEvent, None], prompt: str, known: Sequence[str] = ()
) -> AsyncGenerator[str, None]:
    """One delta a segment; joined they are the text of the last event. `known`: warnings given before."""
    text = ""
    warnings: list[str] = []
    async with aclosing(events):
        async for item in events:
            match item:
                case TranscriptSegment(segment) if spoken := segment.text.strip():
                    delta = separator(segment.language) + spoken if text else spoken
                    text += delta
                    yield event({"type": "transcript.text.delta", "delta": delta})
                case TranscriptWarning(message):
                    warnings.append(message)
                case TranscriptDone(duration, language):
                    done = {"type": "transcript.text.done", "text": text, "languages": _languages(language)}
                    usage = transcript_usage(duration, prompt, text)
                    yield event({**done, "usage": usage, **_warnings([*known, *warnings])})


def _plain(result: TranscriptionResult, task: Task) -> dict[str, Any]:
    if task == "translate":
        return {"text": result.text, **_warnings(result.warnings)}
    return {
        "text": result.text,
        "languages": _languages(result.language),
        "usage": duration_usage(result.duration),
        **_warnings(result.warnings),
    }


def _verbose(result: TranscriptionResult, task: Task, granularities: Collection[str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "task": task,
        "language": "english" if task == "translate" else english_name(result.language),
        "duration": round(result.duration, 3),
        "text": result.text,
    }
    if "word" in granularities:
        body["words"] = [
            {"word": word.text.strip(), "start": round(word.start, 3), "end": round(word.end, 3)}
            for segment in result.segments
            for word in segment.words
        ]
    if "segment" in granularities:
        body["segments"] = [_segment(number, segment) for number, segment in enumerate(result.segments)]
    return {**body, "usage": duration_usage(result.duration), **_warnings(result.warnings)}


def _segment(number: int, segment: Segment) -> dict[str, Any]:
    """All ten keys, as clients count on them; what an engine does not tell has a value that filters let pass."""
    text = segment.text.strip()
    return {
        "id": number,
        "seek": math.floor(segment.start * SEEK_FRAMES_A_SECOND),
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": text,
        "tokens": list(segment.tokens),
        "temperature": segment.temperature,
        "avg_logprob": _average_log_probability(segment),
        "compression_ratio": segment.compression_ratio or _compression_ratio(text),
        "no_speech_prob": segment.no_speech_prob or 0.0,
    }


def _average_log_probability(segment: Segment) -> float:
    """Average log probability of a segment; that of its words where the engine reports words only."""
    if segment.avg_logprob is not None:
        return segment.avg_logprob
    known = [max(word.probability, 1e-9) for word in segment.words if word.probability is not None]
    return round(sum(map(math.log, known)) / len(known), 4) if known else 0.0


def _compression_ratio(text: str) -> float:
    """Repetitions compress well: how an engine that has got stuck is recognised."""
    data = text.encode("utf-8", "replace")
    return round(len(data) / len(zlib.compress(data)), 4)


def _languages(tag: str | None) -> list[dict[str, str]]:
    return [{"code": primary(tag)}] if tag else []


def _warnings(messages: Collection[str]) -> dict[str, list[str]]:
    """Member `warnings`, an extension: parts of the recording that were skipped."""
    return {"warnings": [*messages]} if messages else {}
