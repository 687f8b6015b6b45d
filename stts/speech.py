"""Values of speech synthesis: how a text is to be spoken, and the audio that is answered. All frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from stts.access.permission import EVERYTHING, Permission
from stts.engine_info import Voice
from stts.engine_state import AUTO
from stts.spoken_words import Words

AudioFormat = Literal["wav", "mp3", "opus", "aac", "flac", "pcm"]


Markup = Literal["speak", "keep"]
"""Markup of a text is read as speech, or left as it is."""


@dataclass(frozen=True, slots=True)
class SynthesisConfig:
    """Options of one speech. Ranges are checked by the shapes of the routes and by the engine's own model."""

    engine: str = AUTO
    voice: str | None = None
    """An engine's voice id, or a name or file id of kind `references`."""
    speaker: Voice | None = None
    """A recording outside of the library that is to be cloned, which the server has found; `voice` is its name."""
    language: str | None = None
    """BCP 47; None: that of the voice, or the one found in the text."""
    detected: str | None = None
    """BCP 47 of the text, where nobody named a language and it was found: wished for, not demanded."""
    format: AudioFormat = "wav"
    sample_rate: int | None = None
    """Hz of the answer; None: the engine's own, or the nearest the format carries."""
    channels: int = 1
    """1 or 2; the same on both."""
    bit_rate: int | None = None
    """Bits a second of MP3, Opus and AAC; None: as many as leave nothing to hear in speech."""
    speed: float | None = None
    """0.25..4, without change of pitch; None: that of the voice, mostly 1."""
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
    dictionary: Mapping[str, str] = field(default_factory=dict)
    """Words of this speech and how they are spoken; they go before those of the voice and of the server."""
    ignore_unknown_parameters: bool = False
    """True for dialects whose clients send fields of other servers."""
    permission: Permission = EVERYTHING
    """The engines and voices that the caller may use."""


@dataclass(frozen=True, slots=True)
class AudioOutput:
    """The encoding of an answer."""

    format: AudioFormat
    media_type: str
    sample_rate: int
    """Hz."""
    channels: int
    bit_rate: int | None = None
    """As in SynthesisConfig."""


@dataclass(frozen=True, slots=True)
class EffectSettings:
    """Changes of the engine's audio before it is encoded."""

    speed: float = 1.0
    """The rest of the speed factor asked for, the engine having done its part."""
    pitch: float = 0.0
    """Semitones."""
    normalize: float | None = None
    """LUFS; None leaves the loudness."""
    trim_silence: bool = False
    level: float | None = None
    """Level in dBFS that the voice is brought to, by one gain for the whole answer; None leaves it as it is."""
    own_level: float | None = None
    """The voice's own level in dBFS; None: it is measured on the first block."""


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
    ends_piece: bool = False
    """The audio of the piece of text ends with this chunk, which may hold none; not told where that is known no sooner
    than when the next begins."""
    ends: bool = False
    """Nothing follows; not told where that is not known yet."""
    words: Words = ()
    """Words of the piece of text at hand that the engine has told: in that text, and in seconds after the beginning of
    this chunk, before which they may lie and behind which."""
    retracts: bool = False
    """All chunks before it are taken back: the answer begins anew. Only where the answer has a Hold."""


RETRACTION = AudioChunk(b"", 0.0, retracts=True)
"""Takes back what was given of an answer."""


@dataclass(frozen=True, slots=True)
class SpeechWarning:
    """Something about a speech that its listener is to know: another engine stands in, a voice does not fit."""

    message: str
