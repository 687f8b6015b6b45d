"""POST /stt: a recording in, its transcript out."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import File, Form, Request, Response, UploadFile
from fastapi.responses import JSONResponse

from middleware.edge.problem import problem
from routers.core.stt_schemas import SegmentShape, Transcript, VerboseTranscript
from routers.http.answer import collected_answer, event_answer
from routers.http.deferred_route import deferred_router
from routers.http.forms import RecordingRoute
from routers.http.names import EngineName, LanguageTag
from routers.http.operation import event_headers, operation_context
from routers.http.sse import event
from routers.http.subtitle_fields import CueSeconds, LineCount, LineWidth, WordsPerLine
from routers.http.transcripts import (
    SUBTITLES,
    cue_rules,
    finished,
    with_warnings,
    written_transcript,
)
from routers.services import Services
from stts.access.policy import RouteKind, Upload, policy
from stts.context import RequestContext
from stts.engine_api import Task
from stts.engine_state import AUTO
from stts.errors import InvalidRequest, STTSError
from stts.plans import ListenRequest
from stts.streams.hold import Hold
from stts.text.cues import CueRules
from stts.text.transcript import collect_transcript, join_texts
from stts.transcription import (
    AudioData,
    TranscriptDone,
    TranscriptFormat,
    TranscriptionConfig,
    TranscriptionResult,
    TranscriptSegment,
    TranscriptWarning,
)

PROMPT_CHARACTERS = 4000

FIELDS = frozenset(
    {"file", "audio_file", "engine", "language", "task", "word_timestamps", "prompt", "format", "stream"}
    | {"max_line_width", "max_line_count", "max_words_per_line", "max_cue_seconds"}
)
"""Common fields; others belong to the engine."""


class STTRoutes:
    def __init__(self, services: Services) -> None:
        self._listen = services.listen
        self._settings = services.settings
        self.router = deferred_router("listen")
        self.router.add_api_route(
            "/stt",
            self.transcribe,
            methods=["POST"],
            response_model=Transcript,
            summary="Transcribe a recording",
            responses={200: {"content": {"text/plain": {}, "text/vtt": {}, "text/event-stream": {}}}},
            route_class_override=RecordingRoute,
        )

    @policy(RouteKind.USE, upload=Upload.FORM)
    async def transcribe(
        self,
        request: Request,
        file: Annotated[UploadFile | None, File(description="Any audio or video container.")] = None,
        audio_file: Annotated[UploadFile | None, File(description="Older name of `file`.")] = None,
        engine: Annotated[EngineName, Form()] = AUTO,
        language: Annotated[LanguageTag, Form(description="BCP 47, or a name; default or `auto`: detect.")] = None,
        task: Annotated[Task, Form()] = "transcribe",
        word_timestamps: Annotated[bool, Form()] = False,
        prompt: Annotated[str | None, Form(max_length=PROMPT_CHARACTERS)] = None,
        format: Annotated[TranscriptFormat, Form()] = "json",
        stream: Annotated[bool, Form(description="Server-sent events as segments are found.")] = False,
        max_line_width: Annotated[LineWidth, Form()] = None,
        max_line_count: Annotated[LineCount, Form()] = None,
        max_words_per_line: Annotated[WordsPerLine, Form()] = None,
        max_cue_seconds: Annotated[CueSeconds, Form()] = None,
    ) -> Response:
        """The engine's own parameters may be sent as further form fields."""
        audio = upload(file or audio_file)
        own = {name: value for name, value in (await request.form()).items() if name not in FIELDS}
        config = TranscriptionConfig(
            engine=engine,
            language=language,
            task=task,
            word_timestamps=word_timestamps,
            prefer_word_times=format in SUBTITLES,
            prompt=prompt or None,
            parameters=own,
        )
        rules = cue_rules(
            self._settings().stt,
            line_width=max_line_width,
            line_count=max_line_count,
            words_per_line=max_words_per_line,
            cue_seconds=max_cue_seconds,
        )
        return self._answer(request, ListenRequest(audio, config), format, rules, stream=stream)

    def _answer(
        self, request: Request, work: ListenRequest, format: TranscriptFormat, rules: CueRules, *, stream: bool
    ) -> Response:
        context = operation_context(request, "stt")
        if stream:
            return event_answer(
                self._events(context, work),
                lambda: event_headers(context),
                lambda error: _error_event(error, context.request_id),
            )

        context.hold = Hold()

        async def make() -> Response:
            async with aclosing(self._listen(context, work)) as events:
                result = with_warnings(await collect_transcript(events), context)
            return finished(await transcript_response(result, format, rules), result, format, context)

        return collected_answer(make, request.scope, request.receive)

    async def _events(self, context: RequestContext, work: ListenRequest) -> AsyncGenerator[str, None]:
        texts: list[str] = []
        written: str | None = None
        async with aclosing(self._listen(context, work)) as events:
            async for item in events:
                match item:
                    case TranscriptSegment(segment):
                        texts.append(segment.text)
                        written = written or segment.language
                        yield event({"type": "segment", **SegmentShape.of(segment).model_dump(exclude_none=True)})
                    case TranscriptWarning(message):
                        yield event({"type": "warning", "message": message})
                    case TranscriptDone(duration, heard):
                        for message in context.warnings:
                            yield event({"type": "warning", "message": message})
                        text = join_texts(texts, written or heard)
                        yield event({"type": "done", "text": text, "language": heard, "duration": round(duration, 3)})


def upload(file: UploadFile | None) -> AudioData:
    """Raises InvalidRequest for a form without a file."""
    if file is None:
        raise InvalidRequest("The form has no file.", param="file")
    return AudioData(file.file, file.size or 0)


async def transcript_response(result: TranscriptionResult, format: TranscriptFormat, rules: CueRules) -> Response:
    """The answer in one of the native formats."""
    match format:
        case "json":
            return JSONResponse(Transcript.of(result).model_dump())
        case "verbose_json":
            return JSONResponse(VerboseTranscript.of(result).model_dump())
        case "text" | "srt" | "vtt":
            return await written_transcript(result, format, rules)


def _error_event(error: STTSError, request_id: str) -> str:
    body: dict[str, Any] = {"type": "error", "error": problem(error, request_id)}
    return event(body)
