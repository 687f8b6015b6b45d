"""POST /tts and GET /demo/{model}/raw."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response

from middleware.edge.methods import is_head_only
from middleware.listener import OutputDefaults, listener_of
from routers.compat.piper_server.models import NO_NAME, Model, Speaker, SpeechModels
from routers.compat.piper_server.options import PiperServerOptions
from routers.compat.piper_server.schemas import SpeakRequest
from routers.http.answer import Answer
from routers.http.deferred_route import deferred_router
from routers.http.listener_speech import cache_header, check_length, listener_config
from routers.http.operation import operation_context
from routers.http.speech import speech_answer
from routers.http.time_limit import within
from routers.services import Services
from stts.access.policy import RouteKind, policy
from stts.context import Priority
from stts.plans import SpeechRequest
from stts.voices.preview import preview_text

WAV = "audio/wav"
TEXT_CHARACTERS = 500
"""Longest text where the listener does not say."""
SENTENCE_CHARACTERS = 120
"""Texts up to this length are answered whole, however long they take."""
AUDIO: dict[int | str, dict[str, Any]] = {200: {"content": {WAV: {}}, "description": "The speech."}}


class PiperSpeechRoutes:
    def __init__(self, services: Services, models: SpeechModels, options: PiperServerOptions) -> None:
        self._speak = services.speak
        self._models = models
        self._options = options
        self.router = deferred_router("Piper TTS Server")
        add = self.router.add_api_route
        add("/tts", self.speak, methods=["POST"], response_class=Response, responses=AUDIO, summary="Speak a text")
        add(
            "/demo/{model}/raw",
            self.demo,
            methods=["GET"],
            response_class=Response,
            responses=AUDIO,
            summary="A few words with a model",
        )

    @policy(RouteKind.USE, operates=True)
    async def speak(self, fields: SpeakRequest, request: Request) -> Response:
        """A WAV file, whole where it is made quickly, else as it is made."""
        output = limited(listener_of(request.scope).output())
        check_length(fields.text, output)
        model = await self._model(fields.model, output)
        speaker = self._speaker(model, fields.speaker_id)
        name = {"content-disposition": attachment(f"tts_{model.name}_{_written(speaker, fields.speaker_id)}.wav")}
        warning = _warning(fields.model, model, output)
        return self._answer(request, fields.text, model, speaker, {**name, **warning})

    @policy(RouteKind.USE, operates=True)
    async def demo(self, model: str, request: Request) -> Response:
        """A sentence in the language of the model."""
        found = await self._models.find(model, listener_of(request.scope).output())
        if is_head_only(request.scope):
            answer = Response(media_type=WAV)
            del answer.headers["content-length"]
            return answer
        text = preview_text(next(iter(found.voice.languages), None))
        return self._answer(request, text, found, found.speakers[0], {})

    def _answer(self, request: Request, text: str, model: Model, speaker: Speaker, headers: dict[str, str]) -> Answer:
        config = replace(
            listener_config(request, format="wav", voice=speaker.voice),
            engine=model.engine,
            ignore_unknown_parameters=True,
        )
        # A sentence in one piece costs less than one that is heard while it is made, and is there about as soon.
        is_short = len(text) <= SENTENCE_CHARACTERS
        priority = Priority.COLLECTED if is_short else Priority.STREAM
        context = operation_context(request, "tts", characters=len(text), format=config.format, priority=priority)
        chunks = within(self._speak(context, SpeechRequest(text, config)), self._options.timeout_seconds)
        return speech_answer(
            chunks,
            context,
            stream=False if is_short else None,
            whole_seconds=self._options.whole_seconds,
            own_headers=lambda: {**cache_header(context), **headers},
        )

    async def _model(self, name: str | None, output: OutputDefaults) -> Model:
        return await (self._models.default(output) if name is None else self._models.find(name, output))

    def _speaker(self, model: Model, asked: str | None) -> Speaker:
        """The default speaker is for the default model: another may have fewer."""
        if asked is not None:
            return model.speaker(asked)
        default = self._options.default_speaker
        return next((each for each in model.speakers if default in (each.index, each.id)), model.speakers[0])


def limited(output: OutputDefaults) -> OutputDefaults:
    """The defaults with a limit of texts in any case."""
    return output if output.text_characters is not None else replace(output, text_characters=TEXT_CHARACTERS)


def _written(speaker: Speaker, asked: str | None) -> str:
    """The speaker as the request names it, as far as names of files may have that."""
    return speaker.index if asked is None else NO_NAME.sub("-", asked)


def attachment(name: str) -> str:
    """The value of `Content-Disposition`. Names of voices may have letters that no header carries."""
    if name.isascii():
        return f"attachment; filename={name}"
    return f"attachment; filename=tts.wav; filename*=UTF-8''{quote(name)}"


def _warning(asked: str | None, model: Model, output: OutputDefaults) -> dict[str, str]:
    """A header where another model stands in for the listener's own, which is not here."""
    if asked is not None or output.voice in (None, model.name):
        return {}
    return {"x-warnings": f"The default model is not here; this is {quote(model.name)}."}
