"""The values that travel between doors, pipeline and adapters. All frozen: a value that exists is complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

from stts.live import LiveText

AudioFormat = Literal["wav", "mp3", "opus", "aac", "flac", "pcm"]
TranscriptFormat = Literal["json", "text", "srt", "vtt", "verbose_json"]
EngineState = Literal["not_installed", "cold", "loading", "ready", "failed"]

Markup = Literal["speak", "keep"]
"""Markup of a text is read as speech, or left as it is."""

Task = Literal["transcribe", "translate"]

AUTO = "auto"
"""The engine name that lets the server choose."""


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start: float
    """Seconds from the start of the samples given."""
    end: float
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    text: str
    start: float
    """Seconds from the start of the samples given."""
    end: float
    words: tuple[Word, ...] = ()
    language: str | None = None
    """BCP 47, where the engine knows it."""
    tokens: tuple[int, ...] = ()
    temperature: float = 0.0
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    no_speech_prob: float | None = None


@dataclass(frozen=True, slots=True)
class SynthesisConfig:
    """How a text is to be spoken. Ranges are checked at the doors (routers/schemas) and by the engine's own model."""

    engine: str = AUTO
    voice: str | None = None
    """An engine's voice id, or a name or file id of kind `references`."""
    language: str | None = None
    """BCP 47; None: that of the voice, or the one found in the text."""
    detected: str | None = None
    """BCP 47 of the text, where nobody named a language and it was found: wished for, not demanded."""
    format: AudioFormat = "wav"
    sample_rate: int | None = None
    """Hz of the answer; None: the engine's own, or the nearest the format carries."""
    channels: int = 1
    """1 or 2; the same on both."""
    speed: float = 1.0
    """0.25..4, without change of pitch."""
    pitch: float = 0.0
    """Semitones, without change of speed."""
    normalize: float | None = None
    """Integrated loudness in LUFS; None leaves it."""
    trim_silence: bool = False
    seed: int | None = None
    markup: Markup | None = None
    """None: as the settings say."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """The engine's own parameters, validated by its own model."""
    ignore_unknown_parameters: bool = False
    """For dialects whose clients send fields of other servers."""
    live: bool = True
    """Somebody listens while it is made; False for collected answers, which need no short first piece."""


@dataclass(frozen=True, slots=True)
class TranscriptionConfig:
    engine: str = AUTO
    partials: bool = True
    """Live: tell what is understood while it is said, where that is work of its own."""
    language: str | None = None
    """BCP 47 or ISO 639-1; None detects."""
    task: Task = "transcribe"
    word_timestamps: bool = False
    prefer_word_times: bool = False
    """Word times where the engine has them, for subtitles."""
    prompt: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    ignore_unknown_parameters: bool = False


@dataclass(frozen=True, slots=True)
class AudioData:
    """An upload: any container PyAV reads."""

    file: BinaryIO
    """Seekable, at position 0; owned by the door that made it."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """Encoded bytes of the answer, in order; joined they are one valid file."""

    data: bytes
    seconds: float
    """Duration of the audio inside; 0 for headers and trailers."""
    text: str = ""
    """The piece of text whose audio begins with this chunk; empty inside a piece."""
    header: bytes = b""
    """In the last chunk: what overwrites the first bytes of a file that is kept, now that its length is known."""


@dataclass(frozen=True, slots=True)
class TranscriptionResult:
    text: str
    duration: float
    """Seconds of audio decoded."""
    language: str | None = None
    segments: tuple[Segment, ...] = ()
    """Times count from the start of the file."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """One TTS operation on its way through the pipeline."""

    text: str | LiveText
    config: SynthesisConfig


@dataclass(frozen=True, slots=True)
class ListenRequest:
    """One STT operation on its way through the pipeline."""

    audio: AudioData
    config: TranscriptionConfig


@dataclass(frozen=True, slots=True)
class Probe:
    """A synthesis or transcription that was really run."""

    ok: bool
    at: float
    """Unix time."""
    seconds: float
    """How long it took."""
    error: str | None = None
    """Machine code of what went wrong."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that a language model wants called."""

    call_id: str
    name: str
    arguments: str
    """JSON, as the model wrote it."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a language model may call."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON schema of its arguments."""


@dataclass(frozen=True, slots=True)
class Message:
    """One part of a conversation, as whoever replies is given it."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    """Of an assistant."""
    call_id: str | None = None
    """Of a tool: the call that `text` is the output of."""


@dataclass(frozen=True, slots=True)
class ReplyConfig:
    """How a reply is to be made; None: as the settings say."""

    adapter: str | None = None
    """echo, template or openai."""
    model: str | None = None
    instructions: str | None = None
    """What the model is told first, in place of `reply.system_prompt`."""
    temperature: float | None = None
    max_tokens: int | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    """auto, none, required, or the name of a tool."""
    parallel_tool_calls: bool = True
    language: str | None = None
    """BCP 47 of what was heard, where known."""


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """One reply on its way through the pipeline."""

    messages: tuple[Message, ...]
    """The conversation so far, oldest first; the last is what is replied to."""
    config: ReplyConfig
