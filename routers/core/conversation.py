"""POST /conversation: a recording or a text in, what was heard, a reply and its audio out."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Form, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from middleware.edge.bodies import JSON, media_type
from middleware.listener import listener_of
from routers.core.conversation_schemas import (
    ConversationStatus,
    Exchange,
    ExchangeFields,
    ExchangeForm,
)
from routers.core.exchange import Items, Talk
from routers.http.deferred_route import deferred_router
from routers.http.engine_fields import engine_of
from routers.http.forms import MULTIPART, URLENCODED, OptionalRecordingRoute, is_chosen
from routers.http.listener_speech import check_length, with_defaults
from routers.http.operation import operation_context
from routers.services import Services
from stts.access.policy import RouteKind, Upload, policy
from stts.access.roles import Role
from stts.audio.formats import FORMATS
from stts.context import Priority
from stts.conversation.exchange import ExchangeRequest
from stts.conversation.services import spoken_reply
from stts.errors import InvalidRequest
from stts.speech import AudioFormat
from stts.text.normalise import clean_text
from stts.transcription import AudioData

FORMS = frozenset({MULTIPART, URLENCODED})

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events; with `stream: false` one object; with `Accept: audio/*` the audio of the reply.",
        "content": {"text/event-stream": {}, **{spec.media_type: {} for spec in FORMATS.values()}},
    },
    204: {"description": "With `Accept: audio/*`: nothing was heard."},
}


class ExchangeRoute(OptionalRecordingRoute):
    """Takes JSON too, which the framework does not see in the signature."""

    def analyse(self) -> None:
        super().analyse()
        self.openapi_extra = {"requestBody": {"content": {JSON: {"schema": ExchangeFields.model_json_schema()}}}}


class ConversationRoutes:
    def __init__(self, services: Services) -> None:
        self._converse = services.converse
        self._plan_speech = services.selection.plan_speech
        self._sessions = services.sessions
        self._settings = services.settings
        self._streaming_slots = services.engines.live_places
        self.router = deferred_router("converse")
        self.router.add_api_route(
            "/conversation",
            self.exchange,
            methods=["POST"],
            response_model=Exchange,
            responses=ANSWERS,
            summary="Say something and be answered",
            route_class_override=ExchangeRoute,
        )
        self.router.add_api_route(
            "/conversation/status", self.status, methods=["GET"], summary="How many conversations there are"
        )

    @policy(RouteKind.USE, upload=Upload.FORM)
    async def exchange(
        self, form: Annotated[ExchangeForm, Form(media_type="multipart/form-data")], request: Request
    ) -> Response:
        """A form with a `file` or a `text`, or JSON with a `text`."""
        fields: ExchangeFields = form
        sent = media_type(request)
        if sent == JSON:
            fields = await _json_fields(request)
        elif sent not in FORMS:
            raise InvalidRequest(f"Send a form (multipart/form-data) or JSON ({JSON}), and say which in Content-Type.")
        said = self._said(fields)
        if isinstance(said, str):
            check_length(said, listener_of(request.scope).output())
        accept = request.headers.get("accept", "")
        wants_audio = "audio/" in accept and "text/event-stream" not in accept
        accepted = _accepted_format(accept) if wants_audio else None
        format = fields.format or accepted or listener_of(request.scope).output().format
        priority = Priority.STREAM if wants_audio or fields.stream else Priority.COLLECTED
        talk = Talk(operation_context(request, "conversation", priority=priority), format)
        items = self._items(talk, fields, said, request)
        if wants_audio:
            return talk.audio(items, request.scope, request.receive)
        return talk.events(items) if fields.stream else talk.whole(items, request.scope, request.receive)

    @policy(RouteKind.USE, role=Role.READ)
    async def status(self) -> ConversationStatus:
        """Returns how many there are at all workers; `speaking` counts those of this one."""
        taken, most = await self._streaming_slots() or (None, None)
        active, kept = await self._sessions.counts()
        return ConversationStatus(
            active=active,
            max=self._settings().limits.live_sessions,
            kept=kept,
            speaking=taken,
            speaking_max=most,
        )

    def _said(self, fields: ExchangeFields) -> AudioData | str:
        file = (fields.file or fields.audio_file) if isinstance(fields, ExchangeForm) else None
        file = file if file is not None and is_chosen(file) else None
        if (file is None) == (fields.text is None):
            raise InvalidRequest("Send either a file or a text.", param="file")
        if fields.text is not None:
            return clean_text(fields.text, self._settings().limits.text_characters)
        assert file is not None
        return AudioData(file.file, file.size or 0)

    async def _items(self, talk: Talk, fields: ExchangeFields, said: AudioData | str, request: Request) -> Items:
        limits = self._settings().limits
        await self._sessions.room(limits.live_sessions, limits.place_seconds)
        viewer = talk.context.principal.viewer
        await self._sessions.bring(fields.session, viewer)
        stored = talk.session = self._sessions.begin(fields.session, viewer)
        try:
            speak = replace(fields.speaking(talk.format), permission=talk.context.principal.permission)
            speak = with_defaults(request, "", speak)
            with engine_of("tts"):
                plan = await self._plan_speech(spoken_reply(speak))
            work = ExchangeRequest(said, fields.listening(), fields.replying(), speak, stored.history, plan)
            with engine_of("stt"):
                async with aclosing(self._converse(talk.context, work)) as items:
                    async for item in items:
                        talk.note(item)
                        yield item
        finally:
            self._sessions.end(stored)


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
