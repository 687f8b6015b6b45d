"""A caller and the parts of a session without engines: a tone is speech, and every 300 ms of it are a word."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from stts.chat import ReplyEvent, ReplyRequest, ReplyText
from stts.context import RequestContext
from stts.conversation.config import SessionConfig
from stts.conversation.events import AudioFrame, SessionEvent
from stts.conversation.history import History
from stts.conversation.services import SessionServices
from stts.conversation.session import ConversationSession
from stts.engine_api import ListenParams, Samples, SpeechParams, Voice
from stts.errors import STTSError
from stts.plans import SpeechPlan, SpeechRequest, TranscriptionPlan
from stts.protocols import HearRequest, Judged
from stts.speech import AudioChunk, AudioOutput, SynthesisConfig
from stts.streams.live import LiveAudio, Mark
from stts.transcription import (
    Segment,
    TranscriptCheckpoint,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionConfig,
    TranscriptPartial,
    TranscriptSegment,
)
from stts.vad.segmenter import levels
from tests.virtual import now

RATE = 16_000
MESSAGE_SECONDS = 0.032
WORD_SECONDS = 0.3
CHARACTER_SECONDS = 0.06
OUT_RATE = 24_000

E = TypeVar("E")


def tone(seconds: float) -> Samples:
    return np.full(round(seconds * RATE), 0.3, np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


class LoudIsSpeech:
    """A voice activity detector of one line."""

    def __init__(self) -> None:
        self.streams = 0
        self.error: STTSError | None = None

    def stream(self) -> LoudIsSpeech:
        self.streams += 1
        return self

    def judge(self, frames: Samples, done: Callable[[Judged | BaseException], None]) -> None:
        loud = np.where(np.abs(frames).max(axis=1) > 0.01, 0.95, 0.02)
        answer = self.error or Judged(loud.tolist(), levels(frames).tolist())
        asyncio.get_running_loop().call_soon(done, answer)

    async def probabilities(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.error is not None:
            raise self.error
        return np.where(np.abs(frames).max(axis=1) > 0.01, 0.95, 0.02).astype(np.float32)

    def close(self) -> None:
        self.streams -= 1


class CountsWords:
    """A place for transcription: a word for every 300 ms of tone, whatever its text."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._words = world.words
        """Words of the utterance that is heard."""
        world.places += 1
        self._retired = False

    @property
    def plan(self) -> TranscriptionPlan:
        return TranscriptionPlan(TranscriptionConfig(), "counts", ListenParams())

    async def transcribe(self, audio: LiveAudio, context: RequestContext) -> AsyncGenerator[TranscriptEvent, None]:
        heard = 0.0
        stable = ""
        self._words = self._world.words
        while taken := await audio.take():
            for item in taken:
                if item is Mark.CHECKPOINT:
                    yield TranscriptCheckpoint(self._text(heard))
                    continue
                heard += float(np.count_nonzero(np.abs(item) > 0.01)) / RATE
            if self._world.deaf is not None:
                raise self._world.deaf
            text = self._text(heard)
            yield TranscriptPartial(text[len(stable) :], "")
            stable = text
        await asyncio.sleep(self._world.finishing)
        text = self._text(heard)
        yield TranscriptPartial(text[len(stable) :], "")
        if text:
            yield TranscriptSegment(Segment(text, 0.0, audio.seconds))
        yield TranscriptDone(audio.seconds, None)

    def _text(self, heard: float) -> str:
        if self._words is not None:
            return self._words if heard >= WORD_SECONDS else ""
        return " ".join(f"word{number}" for number in range(int(heard / WORD_SECONDS + 0.01)))

    def retire(self) -> None:
        if not self._retired:
            self._retired = True
            self._world.ready -= 1

    async def aclose(self) -> None:
        self._world.places -= 1
        self.retire()


@dataclass
class World:
    """Settings that a test can turn, and counts that it can check."""

    words: str | None = None
    """Words of everything that is said; None: counted words."""
    reply: str | None = None
    """None: echo."""
    token_seconds: float = 0.0
    finishing: float = 0.0
    """Seconds from the end of the audio to the words."""
    deaf: STTSError | None = None
    mute: STTSError | None = None
    """Raised by speech."""
    dumb: STTSError | None = None
    """Raised by the reply, after its first token."""
    full: STTSError | None = None
    """Raised where a place for transcription is asked for."""
    places: int = 0
    ready: int = 0
    """Sessions for which something is kept ready."""
    most_ready: int = 0
    replies: list[ReplyRequest] = field(default_factory=list)
    running: int = 0
    """Operations in progress."""
    heard: list[weakref.ref[LiveAudio]] = field(default_factory=list)
    """The audio of each turn, as far as it is kept."""
    earliest: float = 0.0
    """Most seconds by which audio came before its time."""
    voice: LoudIsSpeech = field(default_factory=LoudIsSpeech)

    def parts(self) -> SessionServices:
        return SessionServices(
            hear=self._hear,
            reply=self._reply,
            speak=self._speak,
            open=self._open,
            plan_speech=self._plan,
            voice=self.voice,
            detector=None,
            context=RequestContext,
        )

    async def _open(self, config: TranscriptionConfig) -> CountsWords:
        if self.full is not None:
            raise self.full
        session = CountsWords(self)
        self.ready += 1
        self.most_ready = max(self.most_ready, self.ready)
        return session

    async def _plan(self, config: SynthesisConfig) -> SpeechPlan:
        output = AudioOutput(config.format, "audio/pcm", config.sample_rate or OUT_RATE, 1)
        return SpeechPlan(config, "counts", Voice("any"), SpeechParams(), OUT_RATE, output)

    async def _hear(self, context: RequestContext, request: HearRequest) -> AsyncGenerator[TranscriptEvent, None]:
        self.running += 1
        self.heard.append(weakref.ref(request.audio))
        try:
            async with aclosing(request.session.transcribe(request.audio, context)) as events:
                async for event in events:
                    yield event
        finally:
            self.earliest = max(self.earliest, request.audio.early)
            self.running -= 1

    async def _reply(self, context: RequestContext, request: ReplyRequest) -> AsyncGenerator[ReplyEvent, None]:
        self.replies.append(request)
        self.running += 1
        try:
            text = self.reply if self.reply is not None else request.messages[-1].text
            for number, word in enumerate(text.split()):
                await asyncio.sleep(self.token_seconds)
                yield ReplyText(word + " ")
                if self.dumb is not None and number == 0:
                    raise self.dumb
        finally:
            self.running -= 1

    async def _speak(self, context: RequestContext, request: SpeechRequest) -> AsyncGenerator[AudioChunk, None]:
        self.running += 1
        try:
            assert not isinstance(request.text, str)
            while taken := await request.text.take():
                text = "".join(item for item in taken if isinstance(item, str))
                if self.mute is not None:
                    raise self.mute
                size = round(len(text) * CHARACTER_SECONDS * OUT_RATE)
                yield AudioChunk(b"\1\0" * size, size / OUT_RATE, text.strip())
        finally:
            self.running -= 1


class Caller:
    """Talks to a session in real time, and remembers what it was told and when."""

    def __init__(self, session: ConversationSession) -> None:
        self.session = session
        self.told: list[tuple[float, SessionEvent]] = []
        self._changed = asyncio.Event()
        self._over = False

    async def say(self, *parts: Samples) -> None:
        samples = np.concatenate(parts)
        step = round(MESSAGE_SECONDS * RATE)
        for start in range(0, len(samples), step):
            await asyncio.sleep(MESSAGE_SECONDS)
            await self.session.hear(samples[start : start + step])

    async def until(self, kind: type[E], check: Callable[[E], bool] = lambda event: True) -> E:
        """The first such event, which may have come already."""
        while True:
            for _, event in self.told:
                if isinstance(event, kind) and check(event):
                    return event
            self._changed.clear()
            await self._changed.wait()

    def of(self, kind: type[E]) -> list[E]:
        return [event for _, event in self.told if isinstance(event, kind)]

    def when(self, kind: type[Any]) -> list[float]:
        return [at for at, event in self.told if isinstance(event, kind)]

    def names(self) -> list[str]:
        """Returns the names of all events but frames, deltas and partials."""
        quiet = ("AudioFrame", "ReplyDelta", "PartialTranscript")
        return [name for _, event in self.told if (name := type(event).__name__) not in quiet]

    async def finished(self) -> None:
        """All is told."""
        while not self._over:
            self._changed.clear()
            await self._changed.wait()

    async def listen(self) -> None:
        async with aclosing(self.session.events()) as events:
            async for event in events:
                self.told.append((now(), event))
                self._changed.set()
        self._over = True
        self._changed.set()

    def seconds(self, generation: int) -> float:
        """Returns the seconds of audio received of a reply."""
        return sum(frame.seconds for frame in self.of(AudioFrame) if frame.generation == generation)


@asynccontextmanager
async def calling(world: World, config: SessionConfig | None = None) -> AsyncGenerator[Caller, None]:
    """A session in which somebody listens; afterwards nothing of it is left."""
    session = ConversationSession(world.parts(), config or SessionConfig(), History(100, 100_000), clock=now)
    async with session:
        caller = Caller(session)
        listening = asyncio.create_task(caller.listen())
        try:
            yield caller
        finally:
            listening.cancel()
            await asyncio.wait([listening])
    assert (world.places, world.ready) == (0, 0)
    assert world.running == 0
    assert world.voice.streams == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
