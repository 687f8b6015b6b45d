"""The audio of one utterance on its way to an engine: in steps, with how loud it was and how far behind one is."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Literal, Protocol

import numpy as np

from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.streams.live import Mark
from stts.transcription import TranscriptLagging

LONGEST_STEP = STT_SAMPLE_RATE
"""Samples: a second, also of audio that comes faster than it was spoken."""
FRAME = 512
"""Samples over which loudness is measured."""
QUIET = 0.05
"""Part of the loudness of speech (-26 dB) below which nothing was said."""
PAUSE_FRAMES = 3
"""Frames without speech that are a pause: a tenth of a second."""
SPEECH_PERCENTILE = 90
"""Percentile of the loudness of all frames that is the loudness of speech."""
LAG_SECONDS = 1.0
"""Behind the speaker, from which it is told, and between two times of telling."""


class AudioSource(Protocol):
    """Audio of an utterance as a transcriber reads it: a LiveAudio, or a wrapper of one."""

    @property
    def judged(self) -> bool:
        """See LiveAudio.judged."""
        ...

    @property
    def seconds(self) -> float:
        """Written so far."""
        ...

    @property
    def probabilities(self) -> Sequence[float]:
        """See LiveAudio.probabilities."""
        ...

    async def take(self, least: float = 0.0) -> list[Samples | Literal[Mark.CHECKPOINT]]:
        """See LiveAudio.take."""
        ...


class Stop(Enum):
    """Why a step ends where it does, beside being long enough."""

    CHECKPOINT = "settle"
    END = "end"


class Intake:
    """Reads the audio of one utterance."""

    def __init__(self, audio: AudioSource, clock: Callable[[], float] = time.monotonic) -> None:
        self._audio = audio
        self._clock = clock
        self._pieces: deque[Samples | Mark] = deque()
        self._levels: list[float] = []
        self._measured = 0
        """Frames that `_speech` was measured over."""
        self._speech = 0.0
        """Loudness of speech."""
        self._since = 0.0
        """Loudest since the mark."""
        self._unmeasured: Samples = np.zeros(0, np.float32)
        self._told = clock() - LAG_SECONDS
        self.taken = 0
        """Samples."""

    @property
    def seconds(self) -> float:
        """Taken so far."""
        return self.taken / STT_SAMPLE_RATE

    async def next(self, least: int) -> tuple[Samples, Stop | None]:
        """The next samples, once there are `least`, a second's at most; fewer at a mark and at the end."""
        step: list[Samples] = []
        count = 0
        while True:
            while self._pieces:
                piece = self._pieces.popleft()
                if isinstance(piece, Mark):
                    return self._step(step), Stop.CHECKPOINT
                fits = LONGEST_STEP - count
                if len(piece) > fits:
                    self._pieces.appendleft(piece[fits:])
                step.append(piece[:fits])
                count += len(step[-1])
                if count == LONGEST_STEP:
                    return self._step(step), None
            if count >= least and count:
                return self._step(step), None
            waiting = await self._audio.take(max(0, least - count) / STT_SAMPLE_RATE)
            if not waiting:
                return self._step(step), Stop.END
            self._pieces.extend(waiting)

    def mark(self) -> None:
        """Sets the mark from which `quiet` counts."""
        if len(self._unmeasured):
            self._levels.append(_loudness(self._unmeasured))
            self._unmeasured = self._unmeasured[:0]
        self._since = 0.0

    @property
    def quiet(self) -> bool:
        """True if nothing was said since the mark. In doubt, something was."""
        if len(self._levels) >= self._measured * 1.25:
            self._measured = len(self._levels) + 1
            self._speech = float(np.percentile(self._levels, SPEECH_PERCENTILE)) if self._levels else 0.0
        return max(self._since, _loudness(self._unmeasured)) <= QUIET * self._speech

    @property
    def pausing(self) -> bool:
        """True if nothing is said just now, as far as `quiet` knew when it last told."""
        return max(self._levels[-PAUSE_FRAMES:], default=0.0) <= QUIET * self._speech

    def lagging(self, sample: int) -> Iterator[TranscriptLagging]:
        """Tells now and then how far behind the speaker an engine is that has got no further than this."""
        behind = self._audio.seconds - sample / STT_SAMPLE_RATE
        now = self._clock()
        if behind > LAG_SECONDS and now - self._told >= LAG_SECONDS:
            self._told = now
            yield TranscriptLagging(round(behind, 3))

    def _step(self, pieces: list[Samples]) -> Samples:
        samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        self.taken += len(samples)
        heard = np.concatenate((self._unmeasured, samples)) if len(self._unmeasured) else samples
        whole = len(heard) - len(heard) % FRAME
        frames = heard[:whole].reshape(-1, FRAME)
        levels = np.sqrt(np.einsum("ij,ij->i", frames, frames) / FRAME).tolist()
        self._unmeasured = heard[whole:]
        self._levels += levels
        self._since = max(self._since, *levels, 0.0)
        return samples


def _loudness(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
