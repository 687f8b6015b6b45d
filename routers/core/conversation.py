"""POST /conversation: a recording or a text in, what was heard, a reply and its audio out."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from middleware.edge.errors import problem
from middleware.timing import server_timing
from routers.answer import Answer, collected_answer, event_answer, stream_answer
from routers.forms import UploadRoute
from routers.operation import event_headers, header_value, operation_context
from routers.schemas.conversation import (
    ConversationStatus,
    Exchange,
    ExchangeDone,
    ExchangeFields,
    ExchangeForm,
    Timings,
)
from routers.speech import final_header
from routers.sse import event
from stts.audio.formats import FORMATS
from stts.context import RequestContext
from stts.conversation.exchange import ExchangeRequest, Heard
from stts.conversation.kept import Histories, Kept
from stts.conversation.replying import Said
from stts.errors import Busy, InvalidRequest, PayloadTooLarge, STTSError
from stts.events import ReplyText
from stts.settings import CurrentSettings
from stts.text.normalise import clean_text
from stts.types import AudioChunk, AudioData, AudioFormat, SynthesisConfig

Converse = Callable[[RequestContext, ExchangeRequest], AsyncGenerator[Heard | Said, None]]
"""The pipeline with an exchange at its end."""
CheckSpeech = Callable[[SynthesisConfig], Awaitable[None]]

MOST_WHOLE_BYTES = 50_000_000
"""Audio that is answered in one JSON object."""
MOST_HEADER_CHARACTERS = 1000
"""Of a transcript in a header: clients and proxies take a few kilobytes."""
RETRY_SECONDS = 5.0

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events; with `stream: false` one object; with `Accept: audio/*` the audio of the reply.",
        "content": {"text/event-stream": {}, **{spec.media_type: {} for spec in FORMATS.values()}},
    },
    204: {"description": "With `Accept: audio/*`: nothing was heard."},
}


class ConversationRoutes:
    def __init__(
        self, converse: Converse, check_speech: CheckSpeech, histories: Histories, settings: CurrentSettings
    ) -> None:
        self._converse = converse
        self._check_speech = check_speech
        self._histories = histories
        self._settings = settings
        self.router = APIRouter(tags=["converse"])
        self.router.add_api_route(
            "/conversation",
            self.exchange,
            methods=["POST"],
            response_model=Exchange,
            responses=ANSWERS,
            summary="Say something and be answered",
            route_class_override=UploadRoute,
            openapi_extra={
                "requestBody": {"content": {"application/json": {"schema": ExchangeFields.model_json_schema()}}}
            },
        )
        self.router.add_api_route(
            "/conversation/status", self.status, methods=["GET"], summary="How many conversations there are"
        )

    async def exchange(
        self, form: Annotated[ExchangeForm, Form(media_type="multipart/form-data")], request: Request
    ) -> Response:
        """A form with a `file` or a `text`, or JSON with a `text`."""
        fields: ExchangeFields = form
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
            fields = await _json_fields(request)
        said = self._said(fields)
        context = operation_context(request, "conversation")
        accept = request.headers.get("accept", "")
        wants_audio = "audio/" in accept and "text/event-stream" not in accept
        format = fields.format or (_accepted_format(accept) if wants_audio else None) or self._settings().tts.format
        talk = _Talk(context, format)
        items = self._items(talk, fields, said, live=wants_audio or fields.stream)
        if wants_audio:
            return talk.audio(items, request.scope, request.receive)
        return talk.events(items) if fields.stream else talk.whole(items, request.scope, request.receive)

    async def status(self) -> ConversationStatus:
        """Of this process."""
        histories = self._histories
        return ConversationStatus(
            active=histories.active, max=self._settings().limits.live_sessions, kept=histories.kept
        )

    def _said(self, fields: ExchangeFields) -> AudioData | str:
        file = (fields.file or fields.audio_file) if isinstance(fields, ExchangeForm) else None
        if (file is None) == (fields.text is None):
            raise InvalidRequest("Send either a file or a text.", param="file")
        if fields.text is not None:
            return clean_text(fields.text, self._settings().limits.text_characters)
        assert file is not None
        return AudioData(file.file, file.size or 0)

    async def _items(
        self, talk: _Talk, fields: ExchangeFields, said: AudioData | str, *, live: bool
    ) -> AsyncGenerator[Heard | Said, None]:
        most = self._settings().limits.live_sessions
        if self._histories.active >= most:
            raise Busy(f"All {most} conversations of this server are under way.", retry_after=RETRY_SECONDS)
        kept = talk.kept = self._histories.begin(fields.session)
        try:
            speak = fields.speaking(talk.format, live=live)
            await self._check_speech(speak)
            work = ExchangeRequest(said, fields.listening(), fields.replying(), speak, kept.history)
            async with aclosing(self._converse(talk.context, work)) as items:
                async for item in items:
                    talk.note(item)
                    yield item
        finally:
            self._histories.end(kept)


async def _json_fields(request: Request) -> ExchangeFields:
    try:
        return ExchangeFields.model_validate_json(await request.body())
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in found]) from None


def _accepted_format(accept: str) -> AudioFormat | None:
    """The first format that a client names by its media type."""
    named = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    formats: dict[str, AudioFormat] = {spec.media_type: name for name, spec in FORMATS.items()}
    return next((formats[each] for each in named if each in formats), None)


class _Talk:
    """One exchange on its way to the client, in one of three shapes."""

    def __init__(self, context: RequestContext, format: AudioFormat) -> None:
        self.context = context
        self.format = format
        self.kept: Kept | None = None
        self._heard = Heard("")
        self._reply: list[str] = []

    def note(self, item: Heard | Said) -> None:
        if isinstance(item, Heard):
            self._heard = item
        elif isinstance(item, ReplyText):
            self._reply.append(item.delta)

    def events(self, items: AsyncGenerator[Heard | Said, None]) -> Answer:
        return event_answer(self._events(items), lambda: event_headers(self.context), self._error_event)

    async def _events(self, items: AsyncGenerator[Heard | Said, None]) -> AsyncGenerator[str, None]:
        """The data of all `audio.delta`, joined, is one file."""
        async with aclosing(items):
            async for item in items:
                match item:
                    case Heard(text, language):
                        yield event({"type": "transcript", "text": text, "language": language})
                    case ReplyText(delta):
                        yield event({"type": "reply.delta", "text": delta})
                    case AudioChunk(data) if data:
                        yield event({"type": "audio.delta", "audio": b64encode(data).decode("ascii")})
        yield event({"type": "done", **ExchangeDone(**self._summary()).model_dump()})

    def whole(self, items: AsyncGenerator[Heard | Said, None], scope: Scope, receive: Receive) -> Answer:
        async def make() -> Response:
            audio = bytearray()
            async with aclosing(items):
                async for item in items:
                    if isinstance(item, AudioChunk):
                        audio += item.data
                        if len(audio) > MOST_WHOLE_BYTES:
                            raise PayloadTooLarge("The reply is too long for one object: ask for a stream.")
            if audio and (header := final_header(self.context, len(audio))) is not None:
                audio[: len(header)] = header
            body = Exchange(**self._summary(), audio=b64encode(audio).decode("ascii") if audio else None)
            headers = {"server-timing": server_timing(self.context, collected=True), "cache-control": "no-store"}
            return JSONResponse(body.model_dump(), headers=headers)

        return collected_answer(make, scope, receive)

    def audio(self, items: AsyncGenerator[Heard | Said, None], scope: Scope, receive: Receive) -> Answer:
        """The older form: what was heard is a header, and the body the reply. Without a reply there is no body."""

        async def respond(send: Send) -> None:
            chunks = _data(items)
            async with aclosing(chunks):
                first = await anext(chunks, None)
                if first is None:
                    await Response(status_code=204, headers=self._headers())(scope, receive, send)
                else:
                    await stream_answer(_chain(first, chunks), self._headers).respond(send)

        return Answer(respond)

    def _headers(self) -> Mapping[str, str]:
        output = self.context.output_data
        headers = {
            "x-transcription": header_value(self._heard.text[:MOST_HEADER_CHARACTERS]),
            "x-session-id": self._session,
            "x-processing-time": f"{time.perf_counter() - self.context.start_time:.3f}",
        }
        if "media_type" in output:
            headers |= {
                "content-type": output["media_type"],
                "x-voice": header_value(output["voice"]),
                "x-sample-rate": str(output["sample_rate"]),
                "x-channels": str(output["channels"]),
            }
        return headers

    @property
    def _session(self) -> str:
        return self.kept.id if self.kept is not None else ""

    def _summary(self) -> dict[str, Any]:
        output, times = self.context.output_data, self.context.metrics
        return {
            "session": self._session,
            "transcript": self._heard.text,
            "language": self._heard.language,
            "reply": "".join(self._reply),
            "format": output.get("format"),
            "sample_rate": output.get("sample_rate"),
            "timings": Timings(
                transcript_ms=_milliseconds(times.get("transcript")),
                first_token_ms=_milliseconds(times.get("first_token")),
                first_audio_ms=_milliseconds(times.get("first_audio")),
                total_ms=round(times["total"] * 1000, 1),
            ),
        }

    def _error_event(self, error: STTSError) -> str:
        return event({"type": "error", "error": problem(error, self.context.request_id)})


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)


async def _data(items: AsyncGenerator[Heard | Said, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(items):
        async for item in items:
            if isinstance(item, AudioChunk) and item.data:
                yield item.data


async def _chain(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        async for data in rest:
            yield data
