"""Traces of the turns of one session: each from the first sound of the user, or from what was asked, to its last audio.

Its operations (transcription, reply, speech) are spans inside it. Where no traces are kept, nothing here does anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stts.conversation.reply import GeneratedReply
    from stts.conversation.segmenter import Utterance
    from stts.telemetry.turn import Turns, TurnSpan


class TurnTraces:
    def __init__(self, turns: Turns | None, clock: Callable[[], float]) -> None:
        """`turns` begins the trace of a turn. `clock`: that of the session."""
        self._turns = turns
        self._clock = clock
        self._open: set[TurnSpan] = set()

    def opened(self, utterance: Utterance, before: float) -> None:
        """An utterance has begun, so many seconds ago."""
        utterance.trace = self._begin(utterance.turn, before)

    def asked(self, turn: int, *, out_of_band: bool) -> TurnSpan | None:
        """A reply was asked for, to nothing that was said just now."""
        trace = self._begin(turn, 0.0)
        if trace is not None and out_of_band:
            trace.is_out_of_band()
        return trace

    def forgotten(self, utterance: Utterance) -> None:
        """The utterance was none."""
        self._end(utterance.trace, "noise")

    def finalized(self, utterance: Utterance) -> None:
        """The turn is over; `ended_at` is known."""
        if utterance.trace is not None:
            utterance.trace.listened(self._moment(utterance.ended_at))

    def known(self, utterance: Utterance) -> None:
        """The words of a turn are known."""
        if utterance.trace is not None:
            utterance.trace.heard_words()

    def unanswered(self, utterance: Utterance) -> None:
        """Nothing follows upon the words of a turn, unless a reply has taken it over."""
        if utterance.trace is None or utterance.trace.answered:
            return
        error = utterance.error.code if utterance.error is not None else None
        self._end(utterance.trace, "error" if error else "completed" if utterance.text else "empty", error)

    def replied(self, reply: GeneratedReply, outcome: str) -> None:
        """The reply to a turn has ended."""
        if reply.trace is None:
            return
        for moment, at in (("token", reply.first_token), ("audio", reply.first_audio), ("sent", reply.first_byte)):
            if at is not None:
                reply.trace.reached(moment, self._moment(at))
        if reply.prepared_for:
            reply.trace.was_prepared()
        self._end(reply.trace, outcome, reply.error.code if reply.error is not None else None)

    def close(self) -> None:
        """The session has ended, and with it whatever is still open."""
        for trace in [*self._open]:
            self._end(trace, "abandoned")

    def _begin(self, turn: int, before: float) -> TurnSpan | None:
        if self._turns is None:
            return None
        trace = self._turns(turn, time.perf_counter() - before)
        self._open.add(trace)
        return trace

    def _end(self, trace: TurnSpan | None, outcome: str, error: str | None = None) -> None:
        if trace is not None:
            self._open.discard(trace)
            trace.end(outcome, error)

    def _moment(self, at: float) -> float:
        """A time of the session's clock by that of spans."""
        return time.perf_counter() - (self._clock() - at)
