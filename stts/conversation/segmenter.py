"""Segmenter of a session: cuts audio into frames, judges them, and stores those before an utterance.

No tasks and no clock: the session calls it and acts on what it says.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from stts.conversation.events import TurnMetrics
from stts.engine_api import Samples
from stts.errors import STTSError
from stts.protocols import VoiceActivity, VoiceStream
from stts.streams.live import SAMPLE_RATE, LiveAudio
from stts.transcription import Segment
from stts.vad.endpointing import FRAME_SECONDS, Endpointer, Signal
from stts.vad.rules import TurnRules

if TYPE_CHECKING:
    from stts.telemetry.turn import TurnSpan

FRAME = round(FRAME_SECONDS * SAMPLE_RATE)
SILENT_FRAME: Samples = np.zeros(FRAME, np.float32)
"""Digital silence, one for all sessions."""
SILENT_FRAME.setflags(write=False)
QUIETEST_DBFS = -100.0
BATCH_FRAMES = 32
"""Judged at once: about a second, however long a client's message is."""
SPARE_SECONDS = 0.3
"""Audio stored before the prefix: speech is noticed a little after it began."""
JUDGED_SECONDS = 8.0
"""Audio of a turn's end that a turn detector hears."""

JudgedFrame = tuple[Samples, float | None]
"""A frame, and the probability that it is speech; None where nobody judged it."""


@dataclass(slots=True, eq=False)
class Utterance:
    """One turn of the user, from before its first sound."""

    turn: int
    item: str
    start: float
    """Seconds of the session's audio at its first sample."""
    audio: LiveAudio
    announced: bool = False
    """The connection has been told that it began."""
    confirmed: bool = False
    """It is speech, and not a noise."""
    committed: bool = False
    forgotten: bool = False
    """It was none; whatever its transcription says is not wanted."""
    paused: bool = False
    pauses: int = 0
    ended_at: float = 0.0
    """Clock at the user's last sound."""
    transcribed_at: float | None = None
    settled_at: float = 0.0
    """Seconds of the stream up to which words were asked for as final, at the latest pause that made them so."""
    stable: str = ""
    tail: str = ""
    """The part of its transcript that may change."""
    segment: Segment | None = None
    fallback: str | None = None
    """Code of the error for which another engine heard it."""
    error: STTSError | None = None
    transcribed: bool = False
    """Nobody listens to its audio any more."""
    known: bool = False
    """Its words have been told."""
    work: asyncio.Task[None] | None = None
    """Its transcription."""
    timeout: asyncio.Task[None] | None = None
    """Gives it up when its words do not come."""
    trace: TurnSpan | None = None
    """The trace of its turn; None where no traces are kept."""
    recent: deque[Samples] = field(default_factory=deque)
    """Its last seconds, for a turn detector."""

    @property
    def text(self) -> str:
        return self.segment.text if self.segment is not None else ""

    def metrics(self) -> TurnMetrics:
        """The metrics of a turn that nobody replies to."""
        after = None if self.transcribed_at is None else round((self.transcribed_at - self.ended_at) * 1000, 1)
        return TurnMetrics(self.turn, 0, after, None, None, None)

    def settle(self, at: float, after: float | None) -> bool:
        """Whether its words up to a pause `at` seconds of the stream are to be final; `after` as in its config."""
        if after is None or at - max(self.start, self.settled_at) < after:
            return False
        self.settled_at = at
        return True

    def write(self, samples: Samples, probability: float | None, *, remember: bool) -> None:
        self.audio.write(samples, probability)
        if remember:
            self.recent.append(samples)
            while len(self.recent) * FRAME_SECONDS > JUDGED_SECONDS:
                self.recent.popleft()


class SpeechSegmenter:
    """Cuts the audio of one session into frames, judges them, and keeps the prefix of speech."""

    def __init__(self, voice: VoiceActivity, rules: TurnRules | None) -> None:
        self._voice = voice
        self._stream: VoiceStream | None = None
        self._rules = rules
        self.endpointer = Endpointer(rules or TurnRules())
        self._rest: Samples = np.zeros(0, np.float32)
        self._kept: deque[JudgedFrame] = deque()
        self.position = 0.0
        """Seconds of audio heard so far."""

    @property
    def rules(self) -> TurnRules | None:
        return self._rules

    def follow(self, rules: TurnRules | None) -> None:
        """Other rules from the next frame on."""
        if rules is None:
            self.endpointer.reset()
        else:
            self.endpointer.rules = rules
        self._rules = rules

    def frames(self, samples: Samples) -> Iterator[Samples]:
        """The frames that are complete now, shape (n, FRAME), so many at once as are judged together."""
        heard = np.concatenate((self._rest, samples))
        whole = len(heard) - len(heard) % FRAME
        self._rest = heard[whole:].copy()
        for start in range(0, whole, FRAME * BATCH_FRAMES):
            yield heard[start : min(start + FRAME * BATCH_FRAMES, whole)].reshape(-1, FRAME)

    async def judge(self, frames: Samples) -> list[float] | list[None]:
        """The probability of speech in each frame; None without rules, where nobody judges."""
        if self._rules is None:
            return [None] * len(frames)
        self._stream = self._stream or self._voice.stream()
        probabilities: list[float] = (await self._stream.probabilities(frames)).tolist()
        return probabilities

    def signals(self, frame: Samples, probability: float | None, *, over: bool) -> tuple[Signal, ...]:
        """Returns the signals of the next frame; `over` as for the endpointer."""
        self.position += FRAME_SECONDS
        if probability is None:
            self.endpointer.skip()
            return ()
        power = float(np.dot(frame, frame)) / len(frame)
        level = max(10 * math.log10(power), QUIETEST_DBFS) if power > 0 else QUIETEST_DBFS
        return self.endpointer.push(probability, level, over=over)

    def keep(self, frame: Samples, probability: float | None) -> None:
        """Remembers a frame outside any utterance: it may be the beginning of one. Silence takes no memory."""
        # A copy: a part of what was heard would hold on to all of it.
        self._kept.append((frame.copy() if frame.any() else SILENT_FRAME, probability))
        rules = self._rules or TurnRules()
        most = (rules.prefix + rules.onset + SPARE_SECONDS) / FRAME_SECONDS
        while len(self._kept) > most:
            self._kept.popleft()

    def take_prefix(self, begun: float) -> list[JudgedFrame]:
        """The frames kept from `prefix` before speech began, and up to now."""
        prefix = self._rules.prefix if self._rules is not None else 0.0
        count = round((self.position - max(0.0, begun - prefix)) / FRAME_SECONDS)
        frames = list(self._kept)[-count:] if count > 0 else []
        self._kept.clear()
        return frames

    def forget(self) -> None:
        """Drops what was heard and belongs to nothing."""
        self._rest = self._rest[:0]
        self._kept.clear()
        self.endpointer.reset()

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
