"""Plans chunk sizes: how much text the next piece of a stream may hold. Pure: sizes and measured speeds in.

A stream speaks early when its first piece is short, and never runs dry when each next piece is at most a fixed factor
longer than the one before: what has been made then always outlasts the making of the next, even with other streams'
pieces in between. An engine that is measured to be much faster than that needs no such caution: whatever it makes
within one quantum delays nobody noticeably, so whole sentences, which sound better, fit.
"""

from __future__ import annotations

from stts.engine_api import EngineLimits
from stts.text.growing import Unit

CHARACTERS_PER_SECOND = 15.0
"""Assumed pace of speech until the engine's own pace on this text is known; right for English at usual speed."""

QUANTUM_SECONDS = 0.02
"""Engine time that one piece may always take. Sixteen streams' pieces in a row stay far below a first piece's audio."""

LONGEST_PIECE_SECONDS = 20.0
"""Most speech in one piece: answers keep pieces in memory. As much at once where nobody listens meanwhile."""

STREAMED_CHARACTERS = 120
"""Characters of a piece that an engine which yields its beginning early may take, shared among those who want it: a
whole sentence, which sounds better, is heard as soon as a few words of it would be."""

SENTENCE_PAUSE_SECONDS = 0.25
CLAUSE_PAUSE_SECONDS = 0.12
"""Silence between two pieces, by what the first one ends with; inside a clause there is none."""

URGENT_SECONDS = (0.2, 1.5)
"""Seconds until a listener runs dry at which a few words of streaming text are spoken alone: for any engine, and
more for every second that the engine takes for a second of speech."""
EAGER_SECONDS = (0.5, 4.0)
"""The same seconds for a clause."""

_CLOSING_MARKS = "\"'”’»)]}」』）】》"
_SENTENCE_MARKS = ".!?…。！？｡।॥။።؟។"
_CLAUSE_MARKS = ",;:-–—、，；：､،؛၊፣፤፥៖"


def pause_after(text: str) -> float:
    """The longest silence in seconds between this piece and the next, so that a cut inside a sentence is not heard."""
    mark = text.rstrip(_CLOSING_MARKS)[-1:]
    if mark and mark in _SENTENCE_MARKS:
        return SENTENCE_PAUSE_SECONDS
    return CLAUSE_PAUSE_SECONDS if mark and mark in _CLAUSE_MARKS else 0.0


def smallest_unit(spare: float | None, real_time_factor: float | None) -> tuple[Unit, float | None]:
    """Returns the smallest unit of streaming text to speak alone, and for how many seconds that holds (None: for good).

    `spare`: seconds until the listener runs dry; None while there is nothing to hear.
    """
    if spare is None:
        return Unit.WORDS, None
    urgent, eager = (always + slow * (real_time_factor or 0.0) for always, slow in (URGENT_SECONDS, EAGER_SECONDS))
    if spare <= urgent:
        return Unit.WORDS, None
    if spare <= eager:
        return Unit.CLAUSE, spare - urgent
    return Unit.SENTENCE, spare - eager


class ChunkPlanner:
    """Chunk planner of one stream: call `budget()` before a piece, `made()` after it."""

    def __init__(
        self, limits: EngineLimits, *, first_seconds: float, growth: float, live: bool, streaming: bool = False
    ) -> None:
        """`streaming`: the engine yields audio before a piece is wholly made."""
        self._limits = limits
        self._streaming = streaming
        self._growth = growth
        self._live = live
        self._seconds = self._first_seconds = first_seconds
        self._characters = 0
        self._spoken = 0.0

    def budget(self, real_time_factor: float | None, *, spare: float | None = None, streams: int = 1) -> int:
        """Returns the most characters that the next piece may hold.

        `real_time_factor`: the engine's seconds of work per second of speech, if known. `spare`: seconds until the
        listener runs dry; None while there is nothing to hear. `streams`: how many want one of the engine's slots now,
        with this one.
        """
        seconds = self._seconds if self._live else LONGEST_PIECE_SECONDS
        if self._live and real_time_factor:
            if spare is not None:
                # The others have pieces as long as this one: all of them must be made before this listener runs dry.
                seconds = min(seconds, max(self._first_seconds, spare / (real_time_factor * streams)))
            seconds = max(seconds, QUANTUM_SECONDS / real_time_factor)
        characters = int(min(seconds, LONGEST_PIECE_SECONDS) * self.characters_per_second)
        if self._live and self._streaming:
            characters = max(characters, STREAMED_CHARACTERS // max(streams, 1))
        return min(max(characters, self._limits.min_characters, 1), self._limits.max_characters)

    def made(self, characters: int, seconds: float) -> None:
        """Records the length in seconds of the piece made from `characters`."""
        self._characters += characters
        self._spoken += seconds
        self._seconds = min(self._seconds * self._growth, LONGEST_PIECE_SECONDS)

    @property
    def characters_per_second(self) -> float:
        """Characters per second of this stream so far; the usual pace until enough of it is known."""
        if self._spoken < 0.5:
            return CHARACTERS_PER_SECOND
        return min(max(self._characters / self._spoken, 3.0), 40.0)
