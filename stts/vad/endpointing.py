"""Finds the turns of a live stream: when somebody begins to speak, and when the turn is over.

Pure: frames in, signals out; time is counted in frames. The network that gives the probabilities remembers what it
heard, and calls what follows a sound speech for a while; so a frame that is far quieter than what was just heard is
silence, whatever its probability.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import lru_cache

from stts.vad.rules import TurnRules
from stts.vad.segmenter import INAUDIBLE_DBFS, SpeechCounter, frames_in

FRAME_SECONDS = 0.032
BRIDGE_SECONDS = 0.25
"""Silence that ends a sound which was not long enough to be speech; shorter ones lie inside of words."""
DROP = 28.0
"""Decibels below the loudest recent speech at which nobody speaks."""
FADE = 12.0
"""Decibels a second by which what was loud is forgotten."""


class Endpoint(StrEnum):
    """Kinds of signals, named as the events of `conversation/state.py` that they become."""

    ONSET = "onset"
    CONFIRMED = "confirmed"
    FALSE_ALARM = "false_alarm"
    PAUSED = "paused"
    RESUMED = "resumed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Signal:
    kind: Endpoint
    at: float
    """Seconds of the stream: where speech began (or came back), and for the others where the last speech ended."""


class Stage(Enum):
    QUIET = "quiet"
    CANDIDATE = "candidate"
    SPEAKING = "speaking"
    PAUSED = "paused"


class Endpointer:
    """Finds the turns of one stream. `rules` may be changed at any time.

    ONSET is followed by CONFIRMED or FALSE_ALARM, CONFIRMED by any number of PAUSED and RESUMED in turns, then ENDED.
    """

    def __init__(self, rules: TurnRules) -> None:
        self.rules = rules
        self._counter = SpeechCounter()
        self.reset()

    def reset(self) -> None:
        """Forgets what was heard. The stream goes on, and with it its time."""
        self._loud = -math.inf
        """Decibels of the loudest recent speech."""
        self._last = self._counter.position
        """Frame after the last one of speech."""
        self._forget()

    def _forget(self) -> None:
        self._stage = Stage.QUIET
        self._start = 0
        """First frame of the turn, or of a sound that may become one."""
        self._held: float | None = None
        self._counter.end_sound()

    @property
    def speaking(self) -> bool:
        """A turn is open."""
        return self._stage in (Stage.SPEAKING, Stage.PAUSED)

    @property
    def candidate(self) -> bool:
        """Somebody may be speaking."""
        return self._stage is Stage.CANDIDATE

    @property
    def spoken(self) -> float:
        """Seconds of speech in the sound that is not counted as speech yet."""
        return self._counter.speech * FRAME_SECONDS

    def push(self, probability: float, level: float, *, over: bool = False) -> tuple[Signal, ...]:
        """The next frame: how likely it is speech, and its RMS in decibels of full scale.

        `over`: a reply is being heard, so that it takes `rules.confirm` of speech to be taken for speech.
        """
        speech, counter = self._is_speech(probability, level), self._counter
        self._hear(speech)
        if self._stage is Stage.QUIET and not counter.speech:
            return ()  # Nearly all frames of most streams.
        if speech and self._stage is Stage.SPEAKING and counter.position - self._start < _frames(self.rules.longest):
            return ()  # Nearly all frames of who speaks.
        return tuple(self._turn() if self.speaking else self._begin(over))

    def skip(self) -> None:
        """A frame goes by that nobody judges."""
        self._counter.position += 1
        self.reset()

    def confirm(self) -> tuple[Signal, ...]:
        """Words were recognised: what may be speech is speech."""
        if not self.candidate:
            return ()
        self._stage = Stage.SPEAKING
        return (self._signal(Endpoint.CONFIRMED, self._start),)

    def end(self) -> tuple[Signal, ...]:
        """The turn is over now, if one is open."""
        if not self.speaking:
            return ()
        self._forget()
        return (self._signal(Endpoint.ENDED, self._last),)

    def hold(self, seconds: float) -> None:
        """Lets `seconds` of silence end the pause that there is now; the next one is judged by the rules again."""
        if self._stage is Stage.PAUSED:
            self._held = seconds

    def _is_speech(self, probability: float, level: float) -> bool:
        self._loud -= FADE * FRAME_SECONDS
        likely = self._counter.is_speech(probability, self.rules.threshold)
        if not likely or not level >= max(INAUDIBLE_DBFS, self._loud - DROP):
            return False
        self._loud = max(self._loud, level)
        return True

    def _hear(self, speech: bool) -> None:
        self._counter.count(speech)
        if speech and self._stage is not Stage.PAUSED:
            self._last = self._counter.position

    def _begin(self, over: bool) -> Iterator[Signal]:
        counter = self._counter
        if counter.silence >= _frames(BRIDGE_SECONDS):
            if self.candidate:
                yield self._signal(Endpoint.FALSE_ALARM, self._last)
            self._forget()
            return
        if self._stage is Stage.QUIET and counter.speech >= _frames(self.rules.onset):
            self._stage, self._start = Stage.CANDIDATE, counter.start
            yield self._signal(Endpoint.ONSET, self._start)
        if self.candidate and counter.speech >= _frames(self.rules.confirm if over else self.rules.min_speech):
            yield from self.confirm()

    def _turn(self) -> Iterator[Signal]:
        counter = self._counter
        if self._stage is Stage.SPEAKING:
            if counter.position - self._last >= _frames(self.rules.pause):
                self._stage = Stage.PAUSED
                counter.end_sound()
                yield self._signal(Endpoint.PAUSED, self._last)
        elif counter.speech >= _frames(self.rules.onset):
            self._stage, self._last, self._held = Stage.SPEAKING, counter.position - counter.silence, None
            yield self._signal(Endpoint.RESUMED, counter.start)
        elif counter.silence >= _frames(BRIDGE_SECONDS):
            counter.speech = 0
        if self._over():
            yield from self.end()

    def _over(self) -> bool:
        counter = self._counter
        if counter.position - self._start >= _frames(self.rules.longest):
            return True
        coming_back = counter.speech > 0 and counter.silence == 0
        limit = self.rules.silence if self._held is None else self._held
        return counter.position - self._last >= _frames(limit) and not coming_back

    def _signal(self, kind: Endpoint, frame: int) -> Signal:
        return Signal(kind, frame * FRAME_SECONDS)


@lru_cache(64)  # asked several times a frame, for the few lengths of the rules
def _frames(seconds: float) -> int:
    return frames_in(seconds, FRAME_SECONDS)
