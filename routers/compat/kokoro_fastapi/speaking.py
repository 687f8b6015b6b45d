"""How a request of this dialect is spoken: plain texts as everywhere, tagged or louder ones passage by passage."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace

from starlette.requests import Request

from middleware.listener import ListenerSettings
from routers.compat.kokoro_fastapi.schemas import DEFAULT_VOICE, SpokenFields
from routers.http.listener_speech import check_length, listener_config
from routers.http.operation import operation_context, principal_of
from routers.http.passages import PassageSpeech
from routers.services import Services
from stts.context import RequestContext
from stts.errors import NotFound, UnknownModel
from stts.plans import SpeechRequest
from stts.speech import AudioChunk

MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "kokoro")
"""Models that its clients know: the engine of the listener speaks for each."""
SAMPLE_RATE = 24_000
"""Hz of all that its clients get."""


@dataclass(frozen=True, slots=True)
class Spoken:
    context: RequestContext
    chunks: AsyncGenerator[AudioChunk, None]
    voice: Callable[[], str | None]
    """The voice that speaks now, as it was asked for."""
    is_composed: bool
    """True for several passages, which are encoded together."""


class Speaking:
    """Speaks for one listener."""

    def __init__(self, services: Services, listener: ListenerSettings) -> None:
        self._speak = services.speak
        self._plan = services.selection.planned
        self._reserve = services.reserve_ahead
        self._models = services.models
        self._output = listener.output

    @property
    def default_voice(self) -> str:
        """The voice of requests that name none."""
        return self._output().voice or DEFAULT_VOICE

    def engine(self, model: str) -> str:
        """Raises UnknownModel."""
        return self._output().engine if model in MODELS else self._models.engine(model, "tts")

    def names(self) -> list[str]:
        """Models that can speak here, those that its clients know first."""
        return [*MODELS, *(name for name in self._models.names("tts") if name not in MODELS)]

    def find(self, model: str) -> str:
        """The model, if there is one. Raises NotFound."""
        if model not in self.names():
            missing = NotFound("There is no such model; GET /v1/models lists all.", param="model")
            missing.code = UnknownModel.code
            raise missing
        return model

    def speak(self, fields: SpokenFields, request: Request) -> Spoken:
        """Raises InvalidText, TextTooLong and UnknownModel; the rest comes with the first chunk."""
        check_length(fields.input, self._output())
        default = listener_config(request, voice=self.default_voice, sample_rate=self._output().sample_rate)
        default = replace(default, sample_rate=default.sample_rate or SAMPLE_RATE)
        passages = fields.passages()
        config = fields.config(self.engine(fields.model), default, principal_of(request).permission)
        config = replace(config, voice=config.voice or default.voice)

        def context_of(characters: int) -> RequestContext:
            return operation_context(
                request, "tts", characters=characters, format=config.format, priority=fields.priority
            )

        context = context_of(passages.characters)
        if passages.is_plain and fields.volume_multiplier == 1.0:
            text = passages.spoken[0].text
            work = SpeechRequest(text, config)
            return Spoken(context, self._speak(context, work), lambda: config.voice, is_composed=False)
        speech = PassageSpeech(
            self._speak,
            self._plan,
            context,
            context_of,
            passages,
            config,
            reserve=self._reserve,
            sample_rate=config.sample_rate or SAMPLE_RATE,
            gain=fields.volume_multiplier,
        )
        return Spoken(context, speech.chunks(), lambda: speech.voice, is_composed=True)
