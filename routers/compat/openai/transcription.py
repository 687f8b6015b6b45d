"""POST /v1/audio/transcriptions and /v1/audio/translations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any

from fastapi import Form, Request, Response

from routers.compat.openai.diarised import diarised_events, diarised_transcript
from routers.compat.openai.errors import error_event, in_dialect
from routers.compat.openai.transcript import whole_transcript
from routers.compat.openai.transcript_stream import StreamWishes, transcript_events
from routers.compat.openai.transcription_schemas import (
    CreateTranscriptionRequest,
    CreateTranslationRequest,
    ListeningForm,
)
from routers.core.stt import upload
from routers.http.answer import collected_answer, event_answer
from routers.http.deferred_route import deferred_router
from routers.http.json_audio import SCHEMA, JSONUploadRoute
from routers.http.long_fields import LongFieldsRoute
from routers.http.operation import event_headers, operation_context
from routers.http.transcripts import finished, with_warnings
from routers.http.usage import transcript_usage
from routers.services import Services
from stts.access.policy import RouteKind, Upload, policy
from stts.context import RequestContext
from stts.hosted_models import counts_tokens
from stts.plans import ListenRequest
from stts.streams.hold import Hold
from stts.text.transcript import collect_transcript
from stts.transcription import TranscriptionConfig, TranscriptionResult

MULTIPART = "multipart/form-data"

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/json": {}, "text/plain": {}, "text/vtt": {}},
        "description": "The transcript, as response_format asks.",
    }
}
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {**ANSWERS[200], "content": {**ANSWERS[200]["content"], "text/event-stream": {}}}
}


class TranscriptionRoutes:
    def __init__(self, services: Services) -> None:
        self._listen = services.listen
        self._models = services.models
        self._settings = services.settings
        self.router = deferred_router("OpenAI", JSONUploadRoute)
        for path, route, responses, summary, kind in (
            ("/v1/audio/transcriptions", self.transcribe, STREAMED, "Transcribe a recording", LongFieldsRoute),
            ("/v1/audio/translations", self.translate, ANSWERS, "Translate a recording into English", JSONUploadRoute),
        ):
            self.router.add_api_route(
                path,
                route,
                methods=["POST"],
                response_class=Response,
                responses=responses,
                summary=summary,
                route_class_override=kind,
                openapi_extra={"requestBody": {"content": {"application/json": {"schema": SCHEMA}}}},
            )

    @policy(RouteKind.USE, upload=Upload.FORM_OR_JSON)
    async def transcribe(
        self, form: Annotated[CreateTranscriptionRequest, Form(media_type=MULTIPART)], request: Request
    ) -> Response:
        """Fields beyond these may be parameters of the engine; others are ignored."""
        engine = self._models.engine(form.model, "stt")
        # Recordings of speakers may be long, and are decoded from base64.
        brings = form.known_speaker_references
        config = await asyncio.to_thread(form.config, engine) if brings else form.config(engine)
        context, work = self._work(form, config, request)
        if not form.stream:
            return self._whole(context, work, form, request, form.timestamp_granularities)
        return event_answer(
            self._events(context, work, form),
            lambda: event_headers(context),
            lambda error: error_event("transcript.text.error", error),
        )

    def _events(
        self, context: RequestContext, work: ListenRequest, form: CreateTranscriptionRequest
    ) -> AsyncGenerator[str, None]:
        heard = in_dialect(self._listen(context, work))
        if form.response_format == "diarized_json":
            return diarised_events(heard, context.warnings)
        wishes = StreamWishes(
            form.response_format,
            form.cue_rules(self._settings().stt),
            form.timestamp_granularities,
            work.config.logprobs,
            form.prompt,
        )
        return transcript_events(heard, wishes, context.warnings)

    @policy(RouteKind.USE, upload=Upload.FORM_OR_JSON)
    async def translate(
        self, form: Annotated[CreateTranslationRequest, Form(media_type=MULTIPART)], request: Request
    ) -> Response:
        """Refused where the engine cannot translate."""
        context, work = self._work(form, form.config(self._models.engine(form.model, "stt")), request)
        return self._whole(context, work, form, request)

    def _work(
        self, form: ListeningForm, config: TranscriptionConfig, request: Request
    ) -> tuple[RequestContext, ListenRequest]:
        audio = upload(form.file)
        context = operation_context(request, "stt")
        for message in form.warnings():
            context.warn(message)
        return context, ListenRequest(audio, config)

    def _whole(
        self,
        context: RequestContext,
        work: ListenRequest,
        form: ListeningForm,
        request: Request,
        granularities: list[Any] | None = None,
    ) -> Response:
        context.hold = Hold()

        async def make() -> Response:
            async with aclosing(in_dialect(self._listen(context, work))) as events:
                result = with_warnings(await collect_transcript(events), context)
            if form.response_format == "diarized_json":
                return finished(diarised_transcript(result), result, form.response_format, context)
            rules = form.cue_rules(self._settings().stt)
            response = await whole_transcript(
                result,
                form.response_format,
                work.config.task,
                granularities or (),
                rules,
                tokens=partial(_tokens, form.prompt) if counts_tokens(form.model) else None,
                logprobs=_has_logprobs(work, result),
            )
            return finished(response, result, form.response_format, context)

        return collected_answer(make, request.scope, request.receive)


def _tokens(prompt: str, seconds: float, text: str) -> dict[str, Any]:
    return transcript_usage(seconds, prompt, text)


def _has_logprobs(work: ListenRequest, result: TranscriptionResult) -> bool:
    """Whether they were asked for, and the engine has told any; of silence there are none to tell."""
    return work.config.logprobs and (not result.segments or any(segment.likely for segment in result.segments))
