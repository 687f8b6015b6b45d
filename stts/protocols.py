"""Protocols of the adapters that routes and conversations call."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stts.access.viewer import Viewer
from stts.chat import Message, ReplyConfig, ReplyEvent
from stts.context import RequestContext
from stts.engine_api import EngineInfo, Samples, Voice
from stts.plans import SpeechPlan, TranscriptionPlan
from stts.speech import AudioChunk
from stts.spoken import SpokenSentence
from stts.streams.live import LiveAudio, LiveText
from stts.transcription import AudioData, TranscriptEvent


@dataclass(frozen=True, slots=True)
class LibraryVoice:
    """A stored voice: a recording to be cloned, or a blend of an engine's own."""

    voice: Voice
    """With `reference`, unless it is a blend."""
    blend: str = ""
    """A blend in words (`stts.voices.blend`), which an engine that blends finds a voice by."""
    owner: str | None = None
    """Id of the user whose it is; None: the server's."""
    speed: float | None = None
    """Factor for requests that say none."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Parameters for requests that do not say them."""
    dictionary: Mapping[str, str] = field(default_factory=dict)
    """Words and how it speaks them."""
    has_card: bool = False
    """It is of the library: what its card says may change at any moment."""


class VoiceLibrary(Protocol):
    """Stored voices: recordings for the engines that clone, and blends for those that blend."""

    async def find(self, name: str, viewer: Viewer, seconds: tuple[float, float] | None = None) -> LibraryVoice | None:
        """The one that has this name for the viewer, or this id. `seconds`: shortest and longest recording that the
        engine uses; it gets the best part of a longer one."""
        ...

    async def voices(self, viewer: Viewer) -> Sequence[Voice]:
        """The recordings that have a name for the viewer."""
        ...

    async def blends(self, viewer: Viewer) -> Sequence[LibraryVoice]:
        """The blends that have a name for the viewer."""
        ...


class SentenceCache(Protocol):
    """Sentences that were spoken, by `SpeechPlan.sentence_key`."""

    @property
    def is_wanted(self) -> bool:
        """False where the settings of this moment leave it out."""
        ...

    @property
    def removals(self) -> int:
        """How often something was removed so far."""
        ...

    def find(self, key: str) -> SpokenSentence | None:
        """One that is at hand: nothing is waited for."""
        ...

    def may_have(self, key: str) -> bool:
        """False where it is known at once that `fetch` would find nothing."""
        ...

    async def fetch(self, key: str) -> SpokenSentence | None:
        """One from wherever it is kept."""
        ...

    def keep(self, key: str, sentence: SpokenSentence, plan: SpeechPlan, since: int) -> None:
        """Keeps one, if there is room. `since`: `removals` when it was begun: what they meant is not kept after them.

        Raises nothing.
        """
        ...


class TTSAdapter(Protocol):
    """Speaks with one engine, for all requests at once."""

    @property
    def info(self) -> EngineInfo: ...

    def synthesize(
        self, plan: SpeechPlan, text: str | LiveText, context: RequestContext
    ) -> AsyncGenerator[AudioChunk, None]:
        """Streams the encoded answer; a live text is spoken clause by clause, as soon as each is complete.

        Fills `context.output_data` before the first chunk, `context.metrics` on the way. Resolves nothing again.

        Raises InvalidText, TextTooLong, Busy and what the engine raises.
        """
        ...


class STTAdapter(Protocol):
    """Listens with one engine, for all requests at once."""

    @property
    def info(self) -> EngineInfo: ...

    def transcribe(
        self, plan: TranscriptionPlan, audio: AudioData, context: RequestContext
    ) -> AsyncGenerator[TranscriptEvent, None]: ...

    def session(self, plan: TranscriptionPlan) -> TranscriptionSession:
        """A place for one live stream. Raises Busy where all places are taken."""
        ...


class TranscriptionSession(Protocol):
    """Transcribes one live stream, utterance by utterance. It holds what its engine keeps for a stream."""

    @property
    def plan(self) -> TranscriptionPlan:
        """How its utterances are transcribed, decided when it was opened."""
        ...

    def transcribe(self, audio: LiveAudio, context: RequestContext) -> AsyncGenerator[TranscriptEvent, None]:
        """One utterance, from its first sample to `audio.close()`: partial texts, one segment if there are words,
        one TranscriptDone. One at a time."""
        ...

    def retire(self) -> None:
        """Another is about to take its place: what is kept ready for this one is enough for both."""
        ...

    async def aclose(self) -> None:
        """Gives its place back."""
        ...


@dataclass(frozen=True, slots=True)
class HearRequest:
    """One live utterance on its way through the pipeline."""

    audio: LiveAudio
    session: TranscriptionSession


@dataclass(frozen=True, slots=True)
class Judged:
    """The judgement of the detector on some frames, one number each."""

    probabilities: list[float]
    """Probability of speech."""
    levels: list[float]
    """Decibels of full scale, at least `stts.vad.segmenter.QUIETEST_DBFS`."""


class VoiceStream(Protocol):
    """The ear for one live stream."""

    def judge(self, frames: Samples, done: Callable[[Judged | BaseException], None]) -> None:
        """Judges the next frames, shape (n, 512) at 16 kHz, which nobody changes any more.

        Several calls may wait. `done` is called on the loop, once for each and in their order, in nobody's context:
        with what was found, or with the error of a batch that failed, after which the next call starts anew. It is
        never called within `judge`, nor after `close`. What it raises goes to the loop's exception handler.
        """
        ...

    async def probabilities(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Gives the probability of speech in each of the next frames. Shape (n, 512) at 16 kHz in, (n,) out."""
        ...

    def close(self) -> None: ...


class VoiceActivity(Protocol):
    """One voice activity detector for all live streams."""

    def stream(self) -> VoiceStream: ...


class TurnDetector(Protocol):
    """Judges from the sound whether a speaker has finished."""

    async def finished(self, recent: Callable[[], Sequence[Samples]]) -> float | None:
        """Probability that the turn is over; None: there is no way to tell, or not in time.

        `recent` is called when the judge is free, and returns the last seconds of the turn at 16 kHz, in pieces; none
        where nobody wants an answer any more.
        """
        ...


class ReplyAdapter(Protocol):
    """Writes what is said in reply."""

    def reply(
        self, messages: tuple[Message, ...], config: ReplyConfig, context: RequestContext
    ) -> AsyncGenerator[ReplyEvent, None]:
        """Raises stts.errors: ReplyFailed, ReplyTimeout."""
        ...
