"""POST /dev/phonemize and /dev/generate_from_phonemes, where an engine has phonemes."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.phonemes import PARAMETER
from routers.compat.kokoro_fastapi.schemas import DEFAULT_VOICE
from routers.core.tts import AUDIO
from routers.http.deferred_route import deferred_router
from routers.http.lenient_fields import LenientFields
from routers.http.listener_speech import listener_config
from routers.http.names import NAME_CHARACTERS, LanguageTag
from routers.http.operation import operation_context
from routers.http.speech import streamed_speech
from routers.services import Services
from stts.access.policy import RouteKind, policy
from stts.context import Priority
from stts.errors import InvalidText
from stts.plans import SpeechRequest
from stts.speech import SynthesisConfig

MOST_CHARACTERS = 2000
"""Longest text whose phonemes are told at once."""
SAMPLE_RATE = 24_000
Phonemes = Annotated[str, Field(max_length=10_000)]


class PhonemeRequest(LenientFields):
    model_config = ConfigDict(extra="ignore")

    text: str = Field(max_length=MOST_CHARACTERS)
    language: LanguageTag = Field(None, description="A letter of Kokoro's (`a`: American English), BCP 47, or a name.")


class PhonemeResponse(BaseModel):
    phonemes: str
    tokens: list[int] = Field([], description="Always empty, as they are there.")
    engine: str = Field(description="Whose phonemes they are: Kokoro's and hibari's are misaki's, eSpeak's are IPA.")


class GenerateFromPhonemes(LenientFields):
    model_config = ConfigDict(extra="ignore")

    phonemes: Phonemes
    voice: Annotated[str, Field(max_length=NAME_CHARACTERS)] = DEFAULT_VOICE


class PhonemeRoutes:
    def __init__(self, services: Services) -> None:
        self._speak = services.speak
        self._read = services.read_phonemes
        self._reader = services.phonemes
        self.router = deferred_router("Kokoro-FastAPI")
        add = self.router.add_api_route
        path = "/dev/phonemize"
        add(path, self.phonemize, methods=["POST"], response_model=PhonemeResponse, summary="Phonemes of a text")
        path = "/dev/generate_from_phonemes"
        add(path, self.generate, methods=["POST"], response_class=Response, responses=AUDIO, summary="Speak phonemes")

    @policy(RouteKind.USE, operates=True)
    async def phonemize(self, fields: PhonemeRequest, request: Request) -> PhonemeResponse:
        """By the first engine that has phonemes for the language. Characters count as those of speech do."""
        if not fields.text.strip():
            raise InvalidText("Text cannot be empty.", param="text")
        config = self._config(request, None, fields.language)
        context = operation_context(request, "tts", characters=len(fields.text), priority=Priority.COLLECTED)
        async with aclosing(self._read(context, SpeechRequest(fields.text, config))) as told:
            (read,) = [each async for each in told]
        return PhonemeResponse(phonemes=read.phonemes, engine=read.engine)

    @policy(RouteKind.USE, operates=True)
    async def generate(self, fields: GenerateFromPhonemes, request: Request) -> Response:
        """WAV. By an engine that speaks phonemes as Kokoro writes them."""
        if not fields.phonemes.strip():
            raise InvalidText("Phonemes cannot be empty.", param="phonemes")
        config = await self._reader.choose(self._config(request, fields.voice, None, {PARAMETER: True}), speaks=True)
        context = operation_context(request, "tts", characters=len(fields.phonemes), format="wav")
        chunks = self._speak(context, SpeechRequest(fields.phonemes, config))
        headers = {"content-disposition": "attachment; filename=speech.wav", "x-accel-buffering": "no"}
        return streamed_speech(chunks, context, lambda: headers)

    def _config(
        self, request: Request, voice: str | None, language: str | None, parameters: dict[str, object] | None = None
    ) -> SynthesisConfig:
        base = listener_config(request)
        return SynthesisConfig(
            engine=base.engine,
            voice=voice,
            language=language,
            format="wav",
            sample_rate=SAMPLE_RATE,
            markup="keep",
            parameters=parameters or {},
            permission=base.permission,
        )
