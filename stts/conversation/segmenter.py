"""Segmenter of a stream: cuts audio into frames, finds its turns in what was judged, and keeps what precedes them.

No tasks and no clock: whoever listens calls it and acts on what it says.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from stts.conversation.events import TurnMetrics
from stts.engine_api import Samples
from stts.errors import STTSError
from stts.streams.live import SAMPLE_RATE, LiveAudio
from stts.transcription import Segment
from stts.vad.endpointing import FRAME_SECONDS, Endpointer, Signal
from stts.vad.rules import TurnRules
from stts.vad.segmenter import QUIETEST_DBFS

if TYPE_CHECKING:
    from stts.telemetry.turn import TurnSpan

FRAME = round(FRAME_SECONDS * SAMPLE_RATE)
SILENT_FRAME: Samples = np.zeros(FRAME, np.float32)
"""Digital silence, one for all sessions."""
SILENT_FRAME.setflags(write=False)
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
    """Its transcription, while it runs."""
    timeout: asyncio.TimerHandle | None = None
    """Gives it up when its words do not come."""
    trace: TurnSpan | None = None
    """The trace of its turn; None where no traces are kept."""
    recent: deque[Samples] = field(default_factory=deque)
    """Its last seconds, for a turn detector."""

    @property
    def open(self) -> bool:
        """Audio goes to it."""
        return not self.committed and not self.forgotten

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

    def write(self, frames: Samples, probabilities: Sequence[float] | None, *, remember: bool) -> None:
        """Frames, shape (n, FRAME), and the probability of speech in each; None: nobody judged them."""
        self.audio.write(frames.reshape(-1), probabilities)
        if remember:
            self.recent.extend(frames)
            while len(self.recent) * FRAME_SECONDS > JUDGED_SECONDS:
                self.recent.popleft()


class FrameCutter:
    """Cuts the audio of one stream into frames."""

    def __init__(self) -> None:
        self._rest: Samples = SILENT_FRAME[:0]

    @property
    def rest_seconds(self) -> float:
        """Audio that fills no frame yet."""
        return len(self._rest) / SAMPLE_RATE

    def cut(self, samples: Samples) -> Sequence[Samples]:
        """The frames that are complete now, shape (n, FRAME), so many at once as are judged together."""
        heard = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        whole = len(heard) - len(heard) % FRAME
        # A copy: a part of what was heard would hold on to all of it.
        self._rest = heard[whole:].copy() if whole < len(heard) else SILENT_FRAME[:0]
        frames = heard[:whole].reshape(-1, FRAME)
        if len(frames) <= BATCH_FRAMES:
            return (frames,) if whole else ()
        # A copy: a frame that is kept would hold on to all of a long message.
        return [frames[start : start + BATCH_FRAMES].copy() for start in range(0, len(frames), BATCH_FRAMES)]

    def forget(self) -> None:
        self._rest = SILENT_FRAME[:0]


def compact(frame: Samples, level: float) -> Samples:
    """Returns the frame for who keeps it, whose level is so many decibels of full scale: silence takes no memory."""
    return frame if level > QUIETEST_DBFS else SILENT_FRAME


class SpeechSegmenter:
    """Finds the turns of one stream in its judged frames, and keeps the prefix of speech."""

    def __init__(self, rules: TurnRules | None) -> None:
        self.endpointer = Endpointer(rules or TurnRules())
        self._kept: list[JudgedFrame] = []
        """A second or so."""
        self._take_rules(rules)
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
        self._take_rules(rules)

    def signals(self, probability: float | None, level: float, *, over: bool) -> tuple[Signal, ...]:
        """Returns the signals of the next frame.

        `probability`: that it is speech; None where nobody judged it. `level` and `over` as for the endpointer.
        """
        self.position += FRAME_SECONDS
        if probability is None:
            self.endpointer.skip()
            return ()
        return self.endpointer.push(probability, level, over=over)

    def keep(self, frame: Samples, probability: float | None) -> None:
        """Remembers a frame outside any utterance: it may be the beginning of one."""
        self._kept.append((frame, probability))
        while len(self._kept) > self._most_kept:
            self._kept.pop(0)

    def take_prefix(self, begun: float) -> list[JudgedFrame]:
        """The frames kept from `prefix` before speech began, and up to now."""
        prefix = self._rules.prefix if self._rules is not None else 0.0
        count = round((self.position - max(0.0, begun - prefix)) / FRAME_SECONDS)
        frames = self._kept[-count:] if count > 0 else []
        self._kept.clear()
        return frames

    def forget(self) -> None:
        """Drops what was heard and belongs to nothing."""
        self._kept.clear()
        self.endpointer.reset()

    def _take_rules(self, rules: TurnRules | None) -> None:
        self._rules = rules
        kept = rules or TurnRules()
        self._most_kept = (kept.prefix + kept.onset + SPARE_SECONDS) / FRAME_SECONDS
