"""The span of one turn of a conversation, with its moments."""

from __future__ import annotations

import time
from collections.abc import Callable

from stts.telemetry import names
from stts.telemetry.spans import Span

MOMENTS = {"token": names.FIRST_TOKEN, "audio": names.FIRST_AUDIO, "sent": names.FIRST_SENT}


class TurnSpan:
    """Times are `time.perf_counter()` seconds."""

    def __init__(self, span: Span, turn: int) -> None:
        self.span = span
        self.answered = False
        """A reply has taken it over, and ends it."""
        self._sent: float | None = None
        self._over = False
        span.set(names.TURN_NUMBER, turn)

    def listened(self, last_sound: float) -> None:
        """The turn of the user is over now, and its last sound was then."""
        self.span.child(names.LISTENING, began=self.span.began).end(last_sound)
        self.span.child(names.ENDPOINTING, began=last_sound).end()

    def heard_words(self) -> None:
        self.span.event(names.WORDS)

    def reached(self, moment: str, at: float) -> None:
        """`moment`: token, audio or sent."""
        self.span.event(MOMENTS[moment], at)
        if moment == "sent":
            self._sent = at

    def was_prepared(self) -> None:
        """Its reply was begun before the turn was known to be over."""
        self.span.set(names.PREPARED, True)

    def is_out_of_band(self) -> None:
        self.span.set(names.OUT_OF_BAND, True)

    def end(self, outcome: str, error: str | None = None) -> None:
        """Ends it, once."""
        if self._over:
            return
        self._over = True
        now = time.perf_counter()
        if self._sent is not None:
            self.span.child(names.SPEAKING, began=self._sent).end(now)
        self.span.set(names.OUTCOME, outcome)
        self.span.set(names.ERROR, error)
        self.span.end(now, failed=error is not None)


Turns = Callable[[int, float], TurnSpan]
"""Begins the trace of a turn, by its number and its beginning."""
