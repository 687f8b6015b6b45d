"""The values that travel between doors, pipeline and adapters. All frozen: a value that exists is complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

AudioFormat = Literal["wav", "mp3", "opus", "aac", "flac", "pcm"]
TranscriptFormat = Literal["json", "text", "srt", "vtt", "verbose_json"]
EngineState = Literal["not_installed", "cold", "loading", "ready", "failed"]

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
    """BCP 47."""
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
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """The engine's own parameters, validated by its own model."""
    ignore_unknown_parameters: bool = False
    """For dialects whose clients send fields of other servers."""
    live: bool = True
    """Somebody listens while it is made; False for collected answers, which need no short first piece."""


@dataclass(frozen=True, slots=True)
class TranscriptionConfig:
    engine: str = AUTO
    language: str | None = None
    """BCP 47 or ISO 639-1; None detects."""
    task: Task = "transcribe"
    word_timestamps: bool = False
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

    text: str
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
