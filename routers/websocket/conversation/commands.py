"""Messages of the client on /ws/conversation/v2."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from routers.http.lenient_fields import LenientFields, own_name, said
from routers.http.names import NAME_CHARACTERS, EngineName, LanguageTag, VoiceName
from stts.audio.pcm import PCMFormat
from stts.chat import ReplyConfig, Tool
from stts.conversation.config import SessionConfig
from stts.engine_state import AUTO
from stts.pronunciation.fields import Entries
from stts.speech import SynthesisConfig
from stts.transcription import TranscriptionConfig
from stts.vad.rules import TurnRules

TEXT_CHARACTERS = 100_000
MOST_RATE = 48_000
"""Hz of the audio received."""
ReplyName = Literal["echo", "template", "openai"]


class ToolFields(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=64)
    description: str = Field("", max_length=10_000)
    parameters: dict[str, Any] = Field(default_factory=dict, description="JSON schema of the arguments.")

    def tool(self) -> Tool:
        return Tool(self.name, self.description, self.parameters)


class ConversationFields(LenientFields):
    """Configuration of a session: in the query, and later by session.update. Fields that are not named stay."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, allow_inf_nan=False)

    language: LanguageTag = Field(None, description="BCP 47, or a name; of both sides.")
    stt: EngineName = Field(AUTO, description="Engine that listens.")
    tts: EngineName = Field(AUTO, description="Engine that speaks.")
    voice: VoiceName = Field(
        None,
        validation_alias=AliasChoices("voice", "voice_id", "predefined_voice_id", "reference_audio_filename"),
    )
    speed: float = Field(1.0, ge=0.25, le=4.0)
    dictionary: Entries = Field(
        default_factory=dict, description='Words of replies and how they are spoken: `{"STTS": "S T T S"}`.'
    )
    words: bool = Field(False, description="Tell the times of words, where the engine knows them.")
    mode: Literal["voice", "text"] = Field("voice", description="text: replies are not spoken.")
    reply: ReplyName | None = Field(None, validation_alias=AliasChoices("reply", "response_mode"))
    model: str | None = Field(None, max_length=NAME_CHARACTERS)
    instructions: str | None = Field(None, max_length=TEXT_CHARACTERS)
    temperature: float | None = Field(None, ge=0, le=2)
    tools: tuple[ToolFields, ...] = Field((), max_length=128)
    turn_detection: bool = Field(True, description="Off: the client says `commit` when a turn is over.")
    silence_ms: float | None = Field(None, description="Silence that ends a turn.", ge=100, le=10_000)
    interrupt: bool = Field(True, description="Speech over a reply ends it.")
    respond: bool = Field(True, description="Reply to every turn without being asked.")
    speculate: bool | None = Field(None, description="Prepare replies in pauses.")

    def over(self, base: SessionConfig, output_rate: int) -> SessionConfig:
        """The configuration `base`, as the operator set it, with the fields."""
        return replace(
            base,
            listen=TranscriptionConfig(engine=self.stt, language=self.language, word_timestamps=self.words),
            speak=self._speech(output_rate),
            reply=ReplyConfig(
                adapter=self.reply,
                model=self.model,
                instructions=self.instructions,
                temperature=self.temperature,
                tools=tuple(fields.tool() for fields in self.tools),
                language=self.language,
            ),
            turns=self._turns(base),
            respond=self.respond,
            speculate=base.speculate if self.speculate is None else self.speculate,
        )

    def _speech(self, rate: int) -> SynthesisConfig | None:
        if self.mode == "text":
            return None
        return SynthesisConfig(
            engine=self.tts,
            voice=self.voice,
            language=self.language,
            format="pcm",
            sample_rate=rate,
            speed=said(self, "speed", self.speed),
            dictionary=self.dictionary,
        )

    def _turns(self, base: SessionConfig) -> TurnRules | None:
        if base.turns is None or not self.turn_detection:
            return None
        silence = base.turns.silence if self.silence_ms is None else self.silence_ms / 1000
        return replace(base.turns, silence=silence, interrupt=self.interrupt)


class ConnectFields(ConversationFields):
    """The query of the socket."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, allow_inf_nan=False)

    session: str | None = Field(None, description="A session to resume.", max_length=100)
    rate: int = Field(16_000, description="Hz of the audio sent.", ge=8000, le=48_000)
    format: Literal["pcm_s16le", "pcm_f32le", "pcmu", "pcma"] = "pcm_s16le"
    output_rate: int = Field(24_000, description="Hz of the audio received.", ge=8000, le=MOST_RATE)

    def at_rate_of(self, listener_rate: int | None) -> ConnectFields:
        """The query with the sample rate of the listener, where the client names none."""
        if listener_rate is None or "output_rate" in self.model_fields_set:
            return self
        return self.model_copy(update={"output_rate": min(listener_rate, MOST_RATE)})

    def asked(self) -> Asked:
        named = self.model_dump(include=set(ConversationFields.model_fields), exclude_defaults=True)
        return Asked(self.session, self.rate, self.format, self.output_rate, named)


@dataclass(frozen=True, slots=True)
class Asked:
    """Wishes of a connection, small: the fields would take 3 KB for as long as it lasts."""

    session: str | None
    """A session to resume."""
    rate: int
    """Hz of the audio sent."""
    format: PCMFormat
    output_rate: int
    """Hz of the audio received."""
    named: dict[str, Any]
    """Fields of the conversation that are not as they are by default."""

    def fields(self) -> ConversationFields:
        return ConversationFields.model_validate({**BY_DEFAULT, **self.named})

    def changed(self, changes: dict[str, Any]) -> Asked:
        """Raises ValidationError."""
        own = {own_name(ConversationFields, name): value for name, value in changes.items()}
        fields = ConversationFields.model_validate({**BY_DEFAULT, **self.named, **own})
        return replace(self, named=fields.model_dump(exclude_defaults=True))


BY_DEFAULT = ConversationFields().model_dump()


class SessionUpdate(BaseModel):
    type: Literal["session.update"]
    config: dict[str, Any] = Field(description="Any of the fields of the query that concern the conversation.")


class TypedMessage(BaseModel):
    """A typed message; it ends a reply that is active."""

    type: Literal["text"]
    text: str = Field(min_length=1, max_length=TEXT_CHARACTERS)


class ToolOutput(BaseModel):
    """Output of a tool. The next `respond` lets the model go on with it."""

    type: Literal["tool_output"]
    call_id: str = Field(max_length=200)
    output: str = Field(max_length=TEXT_CHARACTERS)


class Control(BaseModel):
    """commit: the turn is over. clear: forget its audio. respond: reply now. cancel: end the reply. close: goodbye."""

    type: Literal["commit", "clear", "respond", "cancel", "close"]


class Played(BaseModel):
    """Progress of the playback of a reply at the client."""

    type: Literal["played"]
    generation: int = Field(ge=0)
    ms: float = Field(ge=0, allow_inf_nan=False)


class Ping(BaseModel):
    type: Literal["ping"]
    text: str | None = Field(None, max_length=1000)


CLIENT_MESSAGES = (SessionUpdate, TypedMessage, ToolOutput, Control, Played, Ping)
