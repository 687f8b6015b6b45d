"""Services of a conversation session: pipelines, voice activity detection, turn detector."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stts.chat import ReplyEvent, ReplyRequest
from stts.context import RequestContext, RequestType
from stts.conversation.config import SessionConfig
from stts.plans import SpeechPlan, SpeechRequest
from stts.protocols import HearRequest, TranscriptionSession, TurnDetector, VoiceActivity
from stts.speech import AudioChunk, SynthesisConfig
from stts.transcription import TranscriptEvent, TranscriptionConfig

if TYPE_CHECKING:
    from stts.telemetry.turn import Turns

Hear = Callable[[RequestContext, HearRequest], AsyncGenerator[TranscriptEvent, None]]
Reply = Callable[[RequestContext, ReplyRequest], AsyncGenerator[ReplyEvent, None]]
Speak = Callable[[RequestContext, SpeechRequest], AsyncGenerator[AudioChunk, None]]
Open = Callable[[TranscriptionConfig], Awaitable[TranscriptionSession]]
"""A place for one live stream. Raises UnknownEngine, InvalidParameter, Busy."""
PlanSpeech = Callable[[SynthesisConfig], Awaitable[SpeechPlan]]
"""Plans speech before there is a text. Raises for an engine, a voice or a parameter that does not exist."""
NewContext = Callable[[RequestType], RequestContext]
"""A context with the route and the principal of the connection, and an id of its own."""


@dataclass(frozen=True, slots=True)
class SessionServices:
    """The same for the whole application, but for `context`, which belongs to a connection."""

    hear: Hear
    reply: Reply
    speak: Speak
    open: Open
    plan_speech: PlanSpeech
    voice: VoiceActivity
    detector: TurnDetector | None
    context: NewContext
    turns: Turns | None = None
    """Begins the traces of turns; None where no traces are kept."""

    async def plan(self, config: SessionConfig) -> SpeechPlan | None:
        """Plans the speech of replies; None where they are not spoken. Raises what that speech would raise."""
        if config.reply is None or config.speak is None:
            return None
        return await self.plan_speech(spoken_reply(config.speak))


def spoken_reply(config: SynthesisConfig) -> SynthesisConfig:
    """The configuration by which the speech of a reply is made: its markup is taken out before it is spoken."""
    return replace(config, markup="keep")


ServicesFor = Callable[[NewContext], SessionServices]
"""Makes the services of one connection."""
