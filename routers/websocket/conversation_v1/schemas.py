"""The older generation's messages on /ws/conversation."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NotRequired

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from routers.http.lenient_fields import LenientFields
from routers.http.names import LanguageTag, VoiceName
from routers.sockets.shapes import Error
from stts.chat import ReplyConfig
from stts.conversation.config import SessionConfig
from stts.speech import SynthesisConfig
from stts.transcription import TranscriptionConfig
from stts.vad.rules import TurnRules

SILENCE = (1.0, 0.7, 0.5, 0.3)
"""Seconds of silence that end a turn, by `pause_aggressiveness`."""
SAMPLE_RATE = 24_000


class V1Fields(LenientFields):
    """The query. `voice_mode` is accepted: which kind of voice a name means shows in the name."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    language: LanguageTag = None
    voice: VoiceName = Field(
        None,
        validation_alias=AliasChoices("voice_id", "predefined_voice_id", "reference_audio_filename", "voice"),
    )
    response_mode: Literal["echo", "template", "openai"] | None = None
    pause_aggressiveness: int = Field(2, ge=0, le=3)
    temperature: float | None = Field(None, ge=0, le=2)

    def over(self, base: SessionConfig) -> SessionConfig:
        """A session whose replies are sent whole, so that nobody can speak over one: what is said meanwhile is answered
        next."""
        turns = replace(base.turns or TurnRules(), silence=SILENCE[self.pause_aggressiveness], interrupt=False)
        parameters = {} if self.temperature is None else {"temperature": self.temperature}
        return replace(
            base,
            listen=TranscriptionConfig(language=self.language),
            reply=ReplyConfig(adapter=self.response_mode, language=self.language),
            speak=SynthesisConfig(
                voice=self.voice,
                language=self.language,
                format="pcm",
                sample_rate=SAMPLE_RATE,
                parameters=parameters,
                ignore_unknown_parameters=True,
            ),
            turns=turns,
            ahead=None,
            resume=False,
            prompt_after=0.0,
        )


class TurnSettings(BaseModel):
    model_config = ConfigDict(extra="ignore")

    voice_id: VoiceName = None
    temperature: float | None = Field(None, ge=0, le=2)


class WholeTurn(BaseModel):
    """A turn in one message: s16le at 16 kHz, or a file of any format."""

    type: Literal["audio"]
    data: str = Field(description="Base64.")
    config: TurnSettings | None = None


class Timing(TypedDict):
    """Seconds after the end of the turn; `synthesis_time` is that of the first audio alone."""

    transcription_time: float
    synthesis_time: float
    total_time: float


class ConversationResponse(TypedDict):
    """One turn."""

    type: Literal["conversation_response"]
    transcription: str
    response_text: str
    audio_data: str
    """WAV in base64; empty where nothing was said."""
    timing: Timing
    warnings: NotRequired[list[str]]


ServerMessage = ConversationResponse | Error
