"""Whole transcripts as OpenAI's clients parse them."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Collection, Iterable
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse

from routers.http.transcripts import written_transcript
from routers.http.usage import duration_usage
from stts.languages import english_name, primary
from stts.text.cues import CueRules
from stts.transcription import Segment, Task, TranscriptFormat, TranscriptionResult

TokenCount = Callable[[float, str], dict[str, Any]]
"""Seconds of a recording and its text to a usage in tokens."""

SEEK_FRAMES_A_SECOND = 100
"""`seek` counts in Whisper's frames of 10 ms."""


async def whole_transcript(
    result: TranscriptionResult,
    format: TranscriptFormat,
    task: Task,
    granularities: Collection[str],
    rules: CueRules,
    *,
    tokens: TokenCount | None = None,
    logprobs: bool = False,
) -> Response:
    """`tokens`: counts the usage in them; None: in seconds. `logprobs`: they were asked for."""
    match format:
        case "json":
            return JSONResponse(_plain(result, task, tokens, logprobs=logprobs))
        case "verbose_json":
            likely = {"logprobs": logprobs_of(result.segments)} if logprobs else {}
            return JSONResponse({**verbose(result, task, granularities), **likely})
        case "text" | "srt" | "vtt":
            return await written_transcript(result, format, rules)


def _plain(result: TranscriptionResult, task: Task, tokens: TokenCount | None, *, logprobs: bool) -> dict[str, Any]:
    if task == "translate":
        return {"text": result.text, **warned(result.warnings)}
    return {
        "text": result.text,
        "languages": languages_of(result.language),
        **({"logprobs": logprobs_of(result.segments)} if logprobs else {}),
        "usage": duration_usage(result.duration) if tokens is None else tokens(result.duration, result.text),
        **warned(result.warnings),
    }


def verbose(result: TranscriptionResult, task: Task, granularities: Collection[str]) -> dict[str, Any]:
    granularities = granularities or ("segment",)
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
    return {**body, "usage": duration_usage(result.duration), **warned(result.warnings)}


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


def logprobs_of(segments: Iterable[Segment], *, begun: bool = False) -> list[dict[str, Any]]:
    """The tokens of a transcript, or of what goes on with one that has begun: joined, they are its text."""
    told: list[dict[str, Any]] = []
    for token in (token for segment in segments for token in segment.likely):
        text, data = token.text, token.bytes
        if not told and not begun:
            text, data = text.lstrip(" "), data.lstrip(b" ")
        told.append({"token": text, "logprob": token.logprob, "bytes": list(data)})
    return told


def languages_of(tag: str | None) -> list[dict[str, str]]:
    return [{"code": primary(tag)}] if tag else []


def warned(messages: Collection[str]) -> dict[str, list[str]]:
    """Member `warnings`, an extension: parts of the recording that were skipped."""
    return {"warnings": [*messages]} if messages else {}
