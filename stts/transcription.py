"""Values and events of transcription. All frozen.

A transcription yields segments and warnings as they come, and one `TranscriptDone` at the end. A live one also tells
its hypothesis so far: `TranscriptPartial`, whose joined `stable_delta` are, at the end, the text of its one
`TranscriptSegment`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

from stts.access.permission import EVERYTHING, Permission
from stts.engine_state import AUTO
from stts.languages import UNSPACED_LANGUAGES, primary

TranscriptFormat = Literal["json", "text", "srt", "vtt", "verbose_json"]


Task = Literal["transcribe", "translate"]
LEAST_PROBABILITY = 1e-30
"""Stands for any smaller one, so that each has a logarithm."""


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start: float
    """Seconds from the start of the samples given."""
    end: float
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a transcript, and how likely the engine found it."""

    text: str
    """As it stands in the transcript, with the space before it; of a part of a character, U+FFFD."""
    logprob: float
    """Natural logarithm of its probability after all before it."""
    bytes: bytes
    """Its bytes in UTF-8: a token may be a part of a character."""


@dataclass(frozen=True, slots=True)
class Chunking:
    """How a recording is cut where nobody speaks; None: by the settings."""

    threshold: float | None = None
    """Probability of speech from which somebody speaks."""
    padding: float | None = None
    """Seconds kept around speech."""
    silence: float | None = None
    """Seconds of silence that end a region."""


@dataclass(frozen=True, slots=True)
class KnownSpeaker:
    name: str
    recording: bytes = field(repr=False)
    """Some seconds of the voice, in any container."""


@dataclass(frozen=True, slots=True)
class SpeakerWishes:
    """How speakers are to be told apart."""

    fewest: int = 1
    most: int = 64
    known: tuple[KnownSpeaker, ...] = ()
    same: float | None = None
    """Cosine from which two voices are one; None: by the engine that tells them apart."""
    early: bool = False
    """Tell segments before the recording has been heard to its end: later ones may then sound like a better choice."""


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
    speaker: str | None = None
    """The speaker, where speakers were to be told apart: a name that is known, else `A`, `B`, .."""
    likely: tuple[Token, ...] = ()
    """Its tokens with their probabilities, where they were asked for."""


@dataclass(frozen=True, slots=True)
class TranscriptionConfig:
    engine: str = AUTO
    partials: bool = True
    """Live: tell what is understood while it is said, where that is work of its own."""
    guess_after: float | None = None
    """Live: seconds of new audio after which the words so far are guessed anew; None: as the adapter does it."""
    settle_after: float | None = None
    """Live: seconds without words that are final after which the next pause of a turn makes those so far final."""
    language: str | None = None
    """BCP 47 or ISO 639-1; None detects."""
    languages: tuple[str, ...] = ()
    """Those among which it is detected; none: all."""
    task: Task = "transcribe"
    word_timestamps: bool = False
    prefer_word_times: bool = False
    """Word times where the engine has them, for subtitles."""
    prompt: str | None = None
    keywords: tuple[str, ...] = ()
    """Words that are likely."""
    logprobs: bool = False
    """Tell how likely each token is, where the engine knows."""
    chunking: Chunking | None = None
    speakers: SpeakerWishes | None = None
    """None: speakers are not told apart."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    ignore_unknown_parameters: bool = False
    permission: Permission = EVERYTHING
    """The engines that the caller may use."""


@dataclass(frozen=True, slots=True)
class AudioData:
    """An upload: any container PyAV reads."""

    file: BinaryIO
    """Seekable, at position 0; owned by the route that made it."""
    size: int
    """Bytes."""
    channel: int | None = None
    """The one that is listened to; None: all of them, mixed to one."""


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
class TranscriptSegment:
    segment: Segment
    """Times count from the start of the file."""


@dataclass(frozen=True, slots=True)
class TranscriptWarning:
    """Something was skipped, and the transcription went on."""

    message: str


@dataclass(frozen=True, slots=True)
class TranscriptDone:
    duration: float
    """Seconds of audio decoded."""
    language: str | None
    """BCP 47, where known."""


@dataclass(frozen=True, slots=True)
class TranscriptPartial:
    """Live: what was understood so far. `stable_delta` is appended to what stood before and never taken back."""

    stable_delta: str
    tail: str
    """Unstable text behind the stable one; the next event replaces it."""


@dataclass(frozen=True, slots=True)
class TranscriptCheckpoint:
    """Live, after `LiveAudio.checkpoint()`: the text if this were the end. With `settle_after` it is final."""

    text: str
    segment: Segment | None = None
    """The same with its times, where it is final and has words."""


@dataclass(frozen=True, slots=True)
class TranscriptLagging:
    """Live: the engine is behind the speaker."""

    seconds: float


@dataclass(frozen=True, slots=True)
class TranscriptRetracted:
    """All events before it are taken back: the transcript begins anew. Only where the answer has a Hold."""


def word_tokens(words: Iterable[Word], language: str | None = None) -> tuple[Token, ...]:
    """Words as tokens, for engines that judge nothing smaller; those without a probability are left out.

    `language`: of the text, if the engine puts no spaces between words where the language has none.
    """
    known = [word for word in words if word.probability is not None and word.text.strip()]
    space = "" if language and primary(language) in UNSPACED_LANGUAGES else " "
    texts = [f"{space}{word.text.strip()}" for word in known]
    return tuple(
        Token(text, math.log(max(word.probability or 0.0, LEAST_PROBABILITY)), text.encode())
        for text, word in zip(texts, known, strict=True)
    )


TranscriptEvent = (
    TranscriptSegment
    | TranscriptRetracted
    | TranscriptWarning
    | TranscriptDone
    | TranscriptPartial
    | TranscriptCheckpoint
    | TranscriptLagging
)
