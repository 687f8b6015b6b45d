"""Encodes the events of a session that listens as messages of Deepgram's live transcription: one for each channel.

Deepgram tells of one stretch of audio several times: results that may change, then one that is final, which says
whether the speaker has paused (`speech_final`) or the client has asked for it (`from_finalize`). Here a stretch ends
with a turn of the session, or at a pause in it at which its words so far were made final.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from routers.compat.deepgram.errors import error_message
from routers.compat.deepgram.words import SILENCE, Told, told
from stts.access.allowances import QuotaExceeded
from stts.conversation import events
from stts.transcription import Segment

Message = dict[str, Any]


@dataclass(slots=True)
class Stretch:
    """The part of a turn behind the words of it that were told as final."""

    start: float
    """Seconds of the stream."""
    told: int = 0
    """Visible characters of the turn before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRules:
    """The wishes of the client about what it is told."""

    formatted: bool
    interim: bool
    vad_events: bool
    endpoints: bool
    """Tell that the speaker has paused."""
    pauses_end: bool = False
    """A pause within a turn is one that is told of: the client wants to know of shorter ones than end a turn."""
    utterance_end: float | None
    """Seconds without words after which an utterance is said to have ended; None: nobody asked."""
    multilingual: bool
    """Tell the language of what was said."""


class ResultEncoder:
    def __init__(self, channel: int, channels: int, rules: ResultRules, metadata: Message, request_id: str) -> None:
        self._index = [channel, channels]
        self._rules = rules
        self._metadata = metadata
        self._request_id = request_id
        self._turn = 0
        """The newest turn."""
        self._text = ""
        """The part of the transcript of its stretch that is not going to change."""
        self._stretches: dict[int, Stretch] = {}
        """Those of the turns that are not over."""
        self._speaking = False
        self._finalized: set[int] = set()
        """Turns that were ended by the client and are not told yet."""
        self._last_word: float | None = None
        """Seconds at which the last word ended, if its utterance has not been said to have ended."""

    def to_messages(self, event: events.SessionEvent, position: float) -> list[Message]:
        """`position`: seconds of audio that were looked at."""
        match event:
            case events.SpeechStarted(turn=turn, at=at):
                self._begin(turn)
                self._stretches[turn] = Stretch(at)
                self._speaking = True
                return [self._speech_started(at)] if self._rules.vad_events else []
            case events.TurnCommitted(turn=turn, pushed=True):
                self._finalized.add(turn)
            case events.PartialTranscript(turn=turn, stable_delta=delta, tail=tail):
                self._begin(turn)
                self._text += delta
                return self._interim(turn, self._text + tail, position)
            case events.TranscriptSettled():
                return self._settled(event)
            case events.FinalTranscript():
                return self._final(event)
            case events.TranscriptFailed(error=QuotaExceeded()):
                return []  # The session ends with it.
            case events.TranscriptFailed(turn=turn, error=error):
                # It is over nevertheless: clients that wait for the end of it would wait for ever.
                return [error_message(error, self._request_id, True), *self._over(turn, position)]
            case events.Failed(error):
                return [error_message(error, self._request_id, True)]
        return []

    def nothing_to_finalize(self, position: float) -> Message:
        """The answer to `Finalize` where no audio waits for its words."""
        return self._results(SILENCE, position, 0.0, final=True, speech_final=False, from_finalize=True)

    def utterance_ended(self, position: float) -> list[Message]:
        """The message that nobody has spoken for a while, once for each utterance."""
        wait, last = self._rules.utterance_end, self._last_word
        if wait is None or last is None or self._speaking or position - last < wait:
            return []
        self._last_word = None
        return [{"type": "UtteranceEnd", "channel": self._index, "last_word_end": last}]

    def _begin(self, turn: int) -> None:
        if turn != self._turn:
            self._turn, self._text = turn, ""

    def _speech_started(self, at: float) -> Message:
        return {"type": "SpeechStarted", "channel": self._index, "timestamp": round(at, 3)}

    def _interim(self, turn: int, text: str, position: float) -> list[Message]:
        if not self._rules.interim or not text.strip():
            return []
        start = self._stretch(turn, 0.0).start
        heard = told([Segment(text, 0.0, max(0.0, position - start))], formatted=self._rules.formatted, offset=start)
        return [self._results(heard, start, position - start, final=False, speech_final=False)]

    def _settled(self, event: events.TranscriptSettled) -> list[Message]:
        """The words up to a pause within a turn."""
        stretch, ends = self._stretch(event.turn, event.start), self._rules.endpoints and self._rules.pauses_end
        heard = self._words(event.segment, event.start, event.at, stretch)
        start, stretch.start = stretch.start, event.at
        if event.turn == self._turn:
            self._text = ""
        if not heard.words:
            return []
        stretch.told = len("".join(event.segment.text.split())) if event.segment is not None else 0
        return [self._result_of(event.segment, heard, start, event.at, speech_final=ends)]

    def _final(self, event: events.FinalTranscript) -> list[Message]:
        end = event.start + event.seconds
        heard = self._words(event.segment, event.start, end, self._stretch(event.turn, event.start))
        return self._over(event.turn, end, heard, event.segment)

    def _over(self, turn: int, end: float, heard: Told = SILENCE, segment: Segment | None = None) -> list[Message]:
        """The last that is told of a turn; nothing where all of it has been told."""
        self._speaking = self._speaking and turn != self._turn
        stretch = self._stretches.pop(turn, Stretch(end))
        pushed = turn in self._finalized
        self._finalized.discard(turn)
        ends = self._rules.endpoints
        if not heard.words and stretch.told and not pushed and (self._rules.pauses_end or not ends):
            return []
        return [self._result_of(segment, heard, stretch.start, end, speech_final=ends, from_finalize=pushed)]

    def _stretch(self, turn: int, start: float) -> Stretch:
        return self._stretches.setdefault(turn, Stretch(start))

    def _words(self, segment: Segment | None, start: float, end: float, stretch: Stretch) -> Told:
        """The words of a turn that begins at `start` which were not told before."""
        segments = [segment] if segment is not None else []
        span = (stretch.start if stretch.told else 0.0, end)
        heard = told(segments, formatted=self._rules.formatted, offset=start, span=span, skipped=stretch.told)
        if heard.words:
            self._last_word = heard.words[-1]["end"]
        return heard

    def _result_of(
        self,
        segment: Segment | None,
        heard: Told,
        start: float,
        end: float,
        *,
        speech_final: bool,
        from_finalize: bool = False,
    ) -> Message:
        language = segment.language if segment is not None else None
        return self._results(
            heard,
            start,
            end - start,
            final=True,
            speech_final=speech_final,
            from_finalize=from_finalize,
            language=language,
        )

    def _results(
        self,
        heard: Told,
        start: float,
        seconds: float,
        *,
        final: bool,
        speech_final: bool,
        from_finalize: bool = False,
        language: str | None = None,
    ) -> Message:
        alternative = heard.alternative()
        if language is not None and self._rules.multilingual:
            alternative["languages"] = [language]
        return {
            "type": "Results",
            "channel_index": self._index,
            "duration": round(max(0.0, seconds), 3),
            "start": round(start, 3),
            "is_final": final,
            "speech_final": speech_final,
            "channel": {"alternatives": [alternative]},
            "metadata": self._metadata,
            "from_finalize": from_finalize,
        }
