"""Transcript fragments of both sides: pieces of text with their spans, told as the audio goes on.

Fragments are joined without adding anything, so each has the space before it; nothing says that a turn is over.
"""

from __future__ import annotations

import re
from typing import Any

from routers.compat.live.timeline import InputPlaces
from stts.conversation.events import FinalTranscript, PartialTranscript, SpeechStarted, SpeechStopped

_SPACELESS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
INPUT = "session.input_transcript.delta"
OUTPUT = "session.output_transcript.delta"


class Transcript:
    """One side's transcript, of the whole session."""

    def __init__(self, type: str) -> None:
        self._type = type
        self._last = ""
        """The last character that was told."""
        self._end = 0
        self._new = True
        """The next fragment is the first of its turn."""

    def begin(self) -> None:
        """Another turn or reply."""
        self._new = True

    def is_told(self, milliseconds: int) -> bool:
        """True where a span before reaches as far."""
        return milliseconds <= self._end

    def fragment(self, text: str, start: int, end: int) -> dict[str, Any] | None:
        """The event of the next piece. Its start is moved to the end of the one before, within a turn."""
        if not text:
            return None
        if self._new and self._last and not self._last.isspace() and not text[0].isspace():
            spaceless = _SPACELESS.match(self._last) and _SPACELESS.match(text)
            text = text if spaceless else f" {text}"
        start = max(start, self._end) if self._new else self._end
        end = max(start, end)
        self._new, self._last, self._end = False, text[-1], end
        return {"type": self._type, "delta": text, "start_ms": start, "end_ms": end}


class InputTranscript:
    """The transcript of the user."""

    def __init__(self, places: InputPlaces) -> None:
        self._places = places
        self._transcript = Transcript(INPUT)
        self._turn = 0
        self._starts: dict[int, float] = {}
        """Turn -> seconds of input at which it began, until its words are known."""
        self._ends: dict[int, float] = {}
        self._told: dict[int, str] = {}

    def started(self, event: SpeechStarted) -> None:
        self._starts[event.turn] = event.at

    def stopped(self, event: SpeechStopped) -> None:
        self._ends[event.turn] = event.at

    def partial(self, event: PartialTranscript, position: float) -> dict[str, Any] | None:
        """`position`: seconds of input that were looked at."""
        self._told[event.turn] = self._told.get(event.turn, "") + event.stable_delta
        start = self._starts.get(event.turn, position)
        return self._fragment(event.turn, event.stable_delta, start, self._ends.get(event.turn, position))

    def final(self, event: FinalTranscript, position: float) -> dict[str, Any] | None:
        """The rest of a turn's words. Where all of its span was told it stands in the silence that has followed."""
        told = self._told.get(event.turn, "")
        rest = event.text[len(told) :] if event.text.startswith(told) else ""
        start = self._starts.get(event.turn, event.start)
        end = self._ends.get(event.turn, event.start + event.seconds)
        if told and self._transcript.is_told(self._places.milliseconds(end)):
            end = position
        fragment = self._fragment(event.turn, rest, start, end)
        self.over(event.turn)
        return fragment

    def over(self, turn: int) -> None:
        """The words of a turn are known, or never will be."""
        for kept in (self._starts, self._ends, self._told):
            for old in [each for each in kept if each <= turn]:
                del kept[old]

    def _fragment(self, turn: int, text: str, start: float, end: float) -> dict[str, Any] | None:
        if turn != self._turn:
            self._turn = turn
            self._transcript.begin()
        places = self._places
        return self._transcript.fragment(text, places.onset(start), places.milliseconds(end))
