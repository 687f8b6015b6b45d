"""What a session runs, given to it: the operations with their stages around them, and the ears of the house."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from stts.context import RequestContext, RequestType
from stts.events import ReplyEvent, TranscriptEvent
from stts.protocols import HearRequest, TranscriptionSession, TurnDetector, VoiceActivity
from stts.types import AudioChunk, ReplyRequest, SpeechRequest, TranscriptionConfig

Hear = Callable[[RequestContext, HearRequest], AsyncGenerator[TranscriptEvent, None]]
Reply = Callable[[RequestContext, ReplyRequest], AsyncGenerator[ReplyEvent, None]]
Speak = Callable[[RequestContext, SpeechRequest], AsyncGenerator[AudioChunk, None]]
Open = Callable[[TranscriptionConfig], Awaitable[TranscriptionSession]]
"""A place for one live stream. Raises UnknownEngine, InvalidParameter, Busy."""
NewContext = Callable[[RequestType], RequestContext]
"""A context with the route and the principal of the connection, and an id of its own."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Made once for the application; only `context` differs between connections."""

    hear: Hear
    reply: Reply
    speak: Speak
    open: Open
    voice: VoiceActivity
    detector: TurnDetector | None
    context: NewContext
