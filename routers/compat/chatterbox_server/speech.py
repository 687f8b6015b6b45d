"""POST /tts, and POST /v1/audio/speech as that system has it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import Request, Response

from middleware.listener import ListenerSettings
from routers.compat.chatterbox_server.errors import UnsuitableName
from routers.compat.chatterbox_server.model import Models
from routers.compat.chatterbox_server.schemas import (
    MEDIA_TYPES,
    Format,
    Generation,
    OpenAISpeechFields,
    SpeechFields,
)
from routers.compat.chatterbox_server.voices import Chosen, Voices
from routers.http.cloning import CLONED
from routers.http.deferred_route import deferred_router
from routers.http.engine_parameters import accepted
from routers.http.listener_speech import check_length
from routers.http.operation import operation_context, principal_of
from routers.http.speech import streamed_speech, whole_speech
from routers.services import Services
from stts.access.permission import Permission
from stts.access.policy import RouteKind, policy
from stts.context import Priority, RequestContext
from stts.plans import SpeechRequest
from stts.speech import SynthesisConfig

STAND_IN = "That voice is not here: another one speaks."
AUDIO: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {} for media in MEDIA_TYPES.values()}, "description": "The audio."}
}


class SpeechRoutes:
    def __init__(self, services: Services, listener: ListenerSettings, voices: Voices, models: Models) -> None:
        self._speak = services.speak
        self._output = listener.output
        self._voices = voices
        self._models = models
        self.router = deferred_router("Chatterbox-TTS-Server")
        add = self.router.add_api_route
        add("/tts", self.speak, methods=["POST"], response_class=Response, responses=AUDIO, summary="Speak a text")
        add(
            "/v1/audio/speech",
            self.speak_as_openai,
            methods=["POST"],
            response_class=Response,
            responses=AUDIO,
            summary="Speak a text, for OpenAI's clients",
        )

    @policy(RouteKind.USE, operates=True)
    async def speak(self, fields: SpeechFields, request: Request) -> Response:
        """A voice of this server, or that of a recording; whole, or with `stream` as it is made."""
        viewer = principal_of(request).permission.viewer
        if fields.voice_mode == "predefined":
            name = fields.predefined_voice_id or self._output().voice
            chosen = Chosen(None) if not name else await self._voices.find_predefined(name, viewer)
        else:
            if not fields.reference_audio_filename:
                raise UnsuitableName("Missing 'reference_audio_filename' for 'clone' voice mode.", param="voice")
            chosen = await self._voices.find_reference(fields.reference_audio_filename, viewer)
        return await self._answer(
            request, fields, fields.text, chosen, fields.speed_factor, fields.output_format, is_streamed=fields.stream
        )

    @policy(RouteKind.USE, operates=True)
    async def speak_as_openai(self, fields: OpenAISpeechFields, request: Request) -> Response:
        """`voice` is a voice of either list."""
        viewer = principal_of(request).permission.viewer
        name = fields.voice or self._output().voice
        chosen = Chosen(None) if not name else await self._voices.find(name, viewer)
        return await self._answer(
            request, fields, fields.input, chosen, fields.speed, fields.response_format, is_streamed=fields.stream
        )

    async def _answer(
        self,
        request: Request,
        fields: Generation,
        text: str,
        chosen: Chosen,
        speed: float | None,
        asked_format: Format | None,
        *,
        is_streamed: bool,
    ) -> Response:
        check_length(text, self._output())
        format = "wav" if is_streamed else asked_format or self._format()
        priority = Priority.STREAM if is_streamed else Priority.COLLECTED
        context = operation_context(request, "tts", characters=len(text), format=format, priority=priority)
        config = await self._config(fields, chosen, principal_of(request).permission, context)
        config = replace(config, format=format, speed=speed)
        chunks = self._speak(context, SpeechRequest(text, config))
        headers = _headers(format, chosen, config, context)
        answer = streamed_speech if is_streamed else whole_speech
        return answer(chunks, context, lambda: headers)

    def _format(self) -> Format:
        """The listener's, where that system has it."""
        format = self._output().format
        return format if format == "mp3" or format == "opus" else "wav"

    async def _config(
        self, fields: Generation, chosen: Chosen, permission: Permission, context: RequestContext
    ) -> SynthesisConfig:
        output = self._output()
        sent = {**output.parameters, **fields.parameters()}
        config = SynthesisConfig(
            engine=output.engine,
            voice=chosen.voice,
            language=fields.language or output.language,
            sample_rate=output.sample_rate,
            seed=fields.seed or None,
            parameters=sent,
            ignore_unknown_parameters=True,
            permission=permission,
        )
        if chosen.is_stand_in:
            context.warn(STAND_IN)
        if not chosen.is_cloned:
            return config
        engine = await self._models.cloner(permission, config.language)
        if engine is None:
            return await self._models.with_another_voice(config, context)
        parameters = accepted(engine.parameters, sent, context.warn)
        return replace(config, engine=engine.name, speaker=chosen.speaker, parameters=parameters)


def attachment_now(context: RequestContext) -> str:
    """The value of `Content-Disposition`: that system names a file by the second in which it was made."""
    return f'attachment; filename="tts_output_{time.strftime("%Y%m%d_%H%M%S")}.{context.input_data.format}"'


def _headers(format: Format, chosen: Chosen, config: SynthesisConfig, context: RequestContext) -> Mapping[str, str]:
    headers = {"content-type": MEDIA_TYPES[format], "content-disposition": attachment_now(context)}
    if chosen.is_cloned:
        headers[CLONED] = "true" if config.voice == chosen.voice else "false"
    return headers
