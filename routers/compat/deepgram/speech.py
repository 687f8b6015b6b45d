"""POST /v1/speak: Deepgram's text to speech."""

from __future__ import annotations

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from middleware.listener import ListenerSettings
from routers.compat.deepgram.models import model_uuid, speaker
from routers.compat.deepgram.options import options_of
from routers.compat.deepgram.speak_fields import SpeakFields, read_speak_query
from routers.core.tts import AUDIO
from routers.core.tts_schemas import TEXT_FIELD_CHARACTERS
from routers.http.deferred_route import deferred_router
from routers.http.listener_speech import check_length
from routers.http.operation import header_value, operation_context, principal_of
from routers.http.speech import speech_answer
from routers.http.telephone import in_law
from routers.services import Services
from stts.access.policy import RouteKind, policy
from stts.plans import SpeechRequest


class SpeakBody(BaseModel):
    model_config = ConfigDict(extra="ignore")

    text: str = Field(description="What to say.", max_length=TEXT_FIELD_CHARACTERS, examples=["Hello, world."])


class SpeakRoutes:
    def __init__(self, services: Services, listener: ListenerSettings) -> None:
        self._speak = services.speak
        self._models = services.models
        self._settings = services.settings
        self._options = options_of(listener)
        self._output = listener.output
        self.router = deferred_router("Deepgram")
        self.router.add_api_route(
            "/v1/speak", self.speak, methods=["POST"], response_class=Response, responses=AUDIO, summary="Speak a text"
        )

    @policy(RouteKind.USE, operates=True)
    async def speak(self, body: SpeakBody, request: Request) -> Response:
        """Whole where all is made at once, else streamed from the first piece."""
        fields = read_speak_query(SpeakFields, request.query_params)
        output = self._output()
        check_length(body.text, output)
        asked = speaker(fields.model, self._models, self._options)
        config = fields.config(asked, output, principal_of(request).permission)
        context = operation_context(request, "tts", characters=len(body.text), format=config.format)
        chunks = self._speak(context, SpeechRequest(body.text, config))
        if fields.law is not None:
            chunks = in_law(chunks, fields.law, context, wav=fields.wrapped)
        headers = {
            "dg-model-name": header_value(fields.model),
            "dg-model-uuid": model_uuid(fields.model),
            "dg-char-count": str(len(body.text)),
        }
        whole_seconds = self._settings().tts.whole_seconds
        return speech_answer(chunks, context, stream=None, whole_seconds=whole_seconds, own_headers=lambda: headers)
