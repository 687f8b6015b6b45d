"""Sessions of OpenAI's Realtime API, as their clients see them: every field has its effective value.

Fields that nobody here knows are ignored. What is accepted without effect is named in docs/realtime.md.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from routers.core.tts_schemas import NAME_CHARACTERS
from routers.http.names import Keyword, LanguageTag
from stts.languages import read_language

INSTRUCTION_CHARACTERS = 200_000
MOST_TOOLS = 128
MOST_WORDS = 100
"""Entries of a list of languages or keywords."""

Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)]
Language = Annotated[str, Field(min_length=1, max_length=35)]


def _named_languages(values: Any) -> Any:
    if not isinstance(values, list):
        return values
    return [tag for tag in map(read_language, values) if tag is not None] or None


Instructions = Annotated[str, Field(max_length=INSTRUCTION_CHARACTERS)]
Modalities = Annotated[list[Literal["audio", "text"]], Field(min_length=1, max_length=1)]


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class PCM(Shape):
    type: Literal["audio/pcm"]
    rate: int = Field(24_000, ge=8000, le=48_000)
    """Hz. The hosted service knows 24,000 only."""


class G711(Shape):
    """8 kHz, one byte a sample; pcmu is mu-law, pcma A-law."""

    type: Literal["audio/pcmu", "audio/pcma"]


Format = Annotated[PCM | G711, Field(discriminator="type")]


class Transcription(Shape):
    model: Name = "auto"
    language: LanguageTag = None
    languages: Annotated[list[Language] | None, BeforeValidator(_named_languages)] = Field(None, max_length=MOST_WORDS)
    keywords: list[Keyword] | None = Field(None, max_length=MOST_WORDS)
    prompt: str | None = Field(None, max_length=4000)
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None


class ServerVAD(Shape):
    type: Literal["server_vad"]
    threshold: float = Field(0.5, ge=0, le=1)
    prefix_padding_ms: int = Field(300, ge=0, le=5000)
    silence_duration_ms: int = Field(500, ge=30, le=30_000)
    create_response: bool = True
    interrupt_response: bool = True
    idle_timeout_ms: int | None = Field(None, ge=5000, le=30_000)


class SemanticVAD(Shape):
    type: Literal["semantic_vad"]
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection = Annotated[ServerVAD | SemanticVAD, Field(discriminator="type")]


class NoiseReduction(Shape):
    type: Literal["near_field", "far_field"]
    strength: float = Field(1.0, ge=0, le=1)


class Input(Shape):
    format: Format = PCM(type="audio/pcm")
    transcription: Transcription | None = None
    noise_reduction: NoiseReduction | None = None
    turn_detection: TurnDetection | None = ServerVAD(type="server_vad")


def _voice_name(voice: Any) -> Any:
    return voice["id"] if isinstance(voice, dict) and "id" in voice else voice


USUAL_VOICE = "alloy"
"""Voice of a session that names none, at a listener that names none."""

Voice = Annotated[Name, BeforeValidator(_voice_name)]


class Output(Shape):
    format: Format = PCM(type="audio/pcm")
    voice: Voice = USUAL_VOICE
    speed: float = Field(1.0, ge=0.25, le=1.5)


class Audio(Shape):
    input: Input = Input()
    output: Output = Output()


class InputOnly(Shape):
    input: Input = Input(transcription=Transcription())


class FunctionTool(Shape):
    type: Literal["function"]
    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,128}$")
    description: str | None = Field(None, max_length=INSTRUCTION_CHARACTERS)
    parameters: dict[str, Any] | None = None
    """JSON schema."""


class ChosenFunction(Shape):
    type: Literal["function"]
    name: Name


Tools = Annotated[list[FunctionTool], Field(max_length=MOST_TOOLS)]
ToolChoice = Literal["none", "auto", "required"] | ChosenFunction
MaxTokens = Annotated[int, Field(ge=1, le=100_000)] | Literal["inf"]
Include = Annotated[list[Name], Field(max_length=MOST_WORDS)]


def _no_prompts(prompt: Any) -> Any:
    if prompt is not None:
        raise ValueError("No prompts are stored here; send `instructions`.")
    return prompt


NoPrompt = Annotated[None, BeforeValidator(_no_prompts)]


class RealtimeSession(Shape):
    """It speaks."""

    type: Literal["realtime"]
    model: Name
    instructions: Instructions = ""
    output_modalities: Modalities = ["audio"]
    audio: Audio = Audio()
    include: Include | None = None
    tools: Tools = []
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool = True
    reasoning: dict[str, Any] | None = None
    max_output_tokens: MaxTokens = "inf"
    truncation: Literal["auto", "disabled"] | dict[str, Any] = "auto"
    tracing: Literal["auto"] | dict[str, Any] | None = None
    prompt: NoPrompt = None
    temperature: float | None = Field(None, ge=0, le=2, exclude_if=lambda value: value is None)
    """Only in the older dialect."""

    @field_validator("tools", mode="before")
    @classmethod
    def _only_functions(cls, tools: Any) -> Any:
        kinds = [tool.get("type") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
        if "mcp" in kinds:
            raise ValueError("Only tools of type function can be used here.")
        return tools


class TranscriptionSession(Shape):
    """It only listens."""

    type: Literal["transcription"]
    audio: InputOnly = InputOnly()
    include: Include | None = None


class ExpiresAfter(Shape):
    anchor: Literal["created_at"] = "created_at"
    seconds: int | None = Field(None, ge=10, le=7200)
    """None: as the settings say."""


class ClientSecretRequest(Shape):
    expires_after: ExpiresAfter | None = None
    session: dict[str, Any] | None = Field(
        None, description="A session as `session.update` takes it, of type realtime or transcription."
    )


class ClientSecret(BaseModel):
    value: str
    expires_at: int = Field(description="Unix time.")
    session: dict[str, Any]
