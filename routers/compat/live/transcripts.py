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
UNHEARD = 6
"""Characters that are taken to follow what is told of a turn that goes on, at least: they need time, too."""


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
        self._reached: dict[int, float] = {}
        """Turn -> seconds of input up to which its words have spans."""

    def started(self, event: SpeechStarted) -> None:
        self._starts[event.turn] = event.at

    def stopped(self, event: SpeechStopped) -> None:
        self._ends[event.turn] = event.at

    def partial(self, event: PartialTranscript, position: float) -> dict[str, Any] | None:
        """`position`: seconds of input that were looked at.

        Nobody knows yet when each word was said: words have their share of the time by their length.
        """
        turn, text = event.turn, event.stable_delta
        self._told[turn] = self._told.get(turn, "") + text
        start = self._starts.get(turn, position)
        reached = self._reached.get(turn, start)
        left = max(0.0, self._ends.get(turn, position) - reached)
        end = reached + left * len(text) / (len(text) + max(len(event.tail), UNHEARD))
        return self._fragment(turn, text, start, end)

    def final(self, event: FinalTranscript, position: float) -> dict[str, Any] | None:
        """The rest of a turn's words. Where all of its span was told it stands in the silence that has followed."""
        told = self._told.get(event.turn, "")
        rest = event.text[len(told) :] if event.text.startswith(told) else ""
        start = self._starts.get(event.turn, event.start)
        end = self._ends.get(event.turn, event.start + event.seconds)
        if told and end <= self._reached.get(event.turn, 0.0):
            end = position
        fragment = self._fragment(event.turn, rest, start, end)
        self.over(event.turn)
        return fragment

    def over(self, turn: int) -> None:
        """The words of a turn are known, or never will be."""
        for kept in (self._starts, self._ends, self._told, self._reached):
            for old in [each for each in kept if each <= turn]:
                del kept[old]

    def _fragment(self, turn: int, text: str, start: float, end: float) -> dict[str, Any] | None:
        if turn != self._turn:
            self._turn = turn
            self._transcript.begin()
        self._reached[turn] = end
        places = self._places
        return self._transcript.fragment(text, places.onset(start), places.milliseconds(end))
