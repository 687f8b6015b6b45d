"""How a request of this dialect is spoken: what it says, what its listener says where it does not, and the core."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from middleware.listener import ListenerSettings
from routers.compat.elevenlabs.options import ElevenLabsOptions
from routers.compat.elevenlabs.output_formats import OutputFormat, read_output_format
from routers.compat.elevenlabs.schemas import VoiceSettings
from routers.compat.elevenlabs.voice_ids import VoiceIds
from routers.http.listener_speech import check_length
from routers.http.telephone import in_law
from routers.services import Services
from stts.access.permission import Permission
from stts.context import RequestContext
from stts.errors import UnknownVoice
from stts.plans import SpeechPlan, SpeechRequest
from stts.speech import AudioChunk, SynthesisConfig
from stts.streams.live import LiveText


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A speech as a request asks for it."""

    voice_id: str
    output_format: str
    model_id: str | None = None
    language: str | None = None
    settings: VoiceSettings | None = None
    seed: int | None = None
    parameters: dict[str, object]


class Speaking:
    """Speaks for one listener."""

    def __init__(self, services: Services, listener: ListenerSettings) -> None:
        options = listener.options
        self.ids = VoiceIds(options if isinstance(options, ElevenLabsOptions) else ElevenLabsOptions(), services.models)
        self._speak = services.speak
        self._plan_speech = services.selection.plan_speech
        self._settings = services.settings
        self._output = listener.output

    @property
    def most_characters(self) -> int:
        """Longest text of one request."""
        return self._output().text_characters or self._settings().limits.text_characters

    def check_length(self, text: str) -> None:
        """Raises TextTooLong."""
        check_length(text, self._output())

    async def config(self, wanted: Wanted, permission: Permission) -> SynthesisConfig:
        """Raises UnknownVoice, UnknownModel, and what else can be wrong with it."""
        output, format = self._output(), read_output_format(wanted.output_format)
        config = SynthesisConfig(
            engine=self.ids.engine(wanted.model_id, output.engine),
            voice=self.ids.voice(wanted.voice_id),
            language=wanted.language or output.language,
            format=format.format,
            sample_rate=format.sample_rate,
            bit_rate=format.bit_rate,
            speed=None if wanted.settings is None else wanted.settings.speed,
            seed=wanted.seed or None,
            parameters={**output.parameters, **wanted.parameters},
            ignore_unknown_parameters=True,
            permission=permission,
        )
        if self.ids.takes_unknown:
            try:
                await self._plan_speech(config)
            except UnknownVoice:
                return replace(config, voice=output.voice)
        return config

    async def plan(self, config: SynthesisConfig) -> SpeechPlan:
        """Plans the texts of a socket. Raises UnknownVoice and what else can be wrong."""
        return await self._plan_speech(config)

    def speak(
        self,
        context: RequestContext,
        text: str | LiveText,
        config: SynthesisConfig,
        format: OutputFormat,
        plan: SpeechPlan | None = None,
    ) -> AsyncGenerator[AudioChunk, None]:
        """`plan`: one that was made for this configuration earlier."""
        chunks = self._speak(context, SpeechRequest(text, config, plan))
        return chunks if format.law is None else in_law(chunks, format.law, context)
