"""What doors and conversations may expect of adapters."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from stts.context import RequestContext
from stts.engine_api import EngineInfo
from stts.events import TranscriptEvent
from stts.types import AudioChunk, AudioData, SynthesisConfig, TranscriptionConfig


class TTSAdapter(Protocol):
    """Speaks with one engine, for all requests at once."""

    @property
    def info(self) -> EngineInfo: ...

    def synthesize(
        self, text: str, config: SynthesisConfig, context: RequestContext
    ) -> AsyncGenerator[AudioChunk, None]:
        """Streams the encoded answer. Fills `context.output_data` before the first chunk, `context.metrics` on the way.

        Raises stts.errors before the first chunk for whatever can be known then.
        """
        ...


class STTAdapter(Protocol):
    """Listens with one engine, for all requests at once."""

    @property
    def info(self) -> EngineInfo: ...

    def transcribe(
        self, audio: AudioData, config: TranscriptionConfig, context: RequestContext
    ) -> AsyncGenerator[TranscriptEvent, None]: ...
