"""Whole transcripts as plain answers: text and subtitles, and what was done otherwise than asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Literal

from fastapi import Response
from fastapi.responses import PlainTextResponse

from middleware.stages.timing import server_timing
from routers.http.operation import engine_headers, header_value
from stts.context import RequestContext
from stts.settings import STTSettings
from stts.text.cues import CueRules, cues
from stts.text.subtitles import srt, vtt
from stts.transcription import TranscriptFormat, TranscriptionResult

WrittenFormat = Literal["text", "srt", "vtt"]
SUBTITLES: frozenset[TranscriptFormat] = frozenset({"srt", "vtt"})


def cue_rules(
    settings: STTSettings,
    *,
    line_width: int | None = None,
    line_count: int | None = None,
    words_per_line: int | None = None,
    cue_seconds: float | None = None,
) -> CueRules:
    """Rules for subtitles from the request, the rest from the settings."""
    return CueRules(
        line_width=line_width or settings.max_line_width,
        line_count=line_count or settings.max_line_count,
        max_seconds=cue_seconds or settings.max_cue_seconds,
        reading_speed=settings.reading_speed,
        words_per_line=words_per_line,
    )


async def written_transcript(result: TranscriptionResult, format: WrittenFormat, rules: CueRules) -> Response:
    """Text, or subtitles: those of hours are cut in a thread."""
    match format:
        case "text":
            return PlainTextResponse(result.text)
        case "srt" | "vtt":
            return await asyncio.to_thread(_subtitles, result, format, rules)


def _subtitles(result: TranscriptionResult, format: Literal["srt", "vtt"], rules: CueRules) -> Response:
    made = cues(result.segments, rules, result.duration)
    if format == "srt":
        return PlainTextResponse(srt(made))
    return PlainTextResponse(vtt(made), media_type="text/vtt")


def with_warnings(result: TranscriptionResult, context: RequestContext) -> TranscriptionResult:
    """The transcript with what was done otherwise than asked, before what was skipped."""
    return replace(result, warnings=(*context.warnings, *result.warnings))


def finished(response: Response, result: TranscriptionResult, format: str, context: RequestContext) -> Response:
    """The answer with its headers. What has no place for warnings in its body has them in one."""
    response.headers["server-timing"] = server_timing(context, collected=True)
    response.headers.update(engine_headers(context))
    if result.warnings and format in ("text", "srt", "vtt"):
        response.headers["x-warnings"] = header_value("; ".join(result.warnings))
    return response
