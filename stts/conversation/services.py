"""Services of a conversation session: pipelines, voice activity detection, turn detector."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from stts.chat import ReplyEvent, ReplyRequest
from stts.context import RequestContext, RequestType
from stts.conversation.config import SessionConfig
from stts.protocols import HearRequest, TranscriptionSession, TurnDetector, VoiceActivity
from stts.speech import AudioChunk, SpeechRequest, SynthesisConfig
from stts.transcription import TranscriptEvent, TranscriptionConfig

Hear = Callable[[RequestContext, HearRequest], AsyncGenerator[TranscriptEvent, None]]
Reply = Callable[[RequestContext, ReplyRequest], AsyncGenerator[ReplyEvent, None]]
Speak = Callable[[RequestContext, SpeechRequest], AsyncGenerator[AudioChunk, None]]
Open = Callable[[TranscriptionConfig], Awaitable[TranscriptionSession]]
"""A place for one live stream. Raises UnknownEngine, InvalidParameter, Busy."""
CheckSpeech = Callable[[SynthesisConfig], Awaitable[None]]
"""Raises what `speak` would raise for an engine, a voice or a parameter that does not exist."""
NewContext = Callable[[RequestType], RequestContext]
"""A context with the route and the principal of the connection, and an id of its own."""


@dataclass(frozen=True, slots=True)
class SessionServices:
    """The same for the whole application, but for `context`, which belongs to a connection."""

    hear: Hear
    reply: Reply
    speak: Speak
    open: Open
    check_speech: CheckSpeech
    voice: VoiceActivity
    detector: TurnDetector | None
    context: NewContext

    async def check(self, config: SessionConfig) -> None:
        """Raises what speaking as configured would raise."""
        if config.reply is not None and config.speak is not None:
            await self.check_speech(config.speak)


ServicesFor = Callable[[NewContext], SessionServices]
"""Makes the services of one connection."""
