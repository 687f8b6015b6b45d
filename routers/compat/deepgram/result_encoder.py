"""Encodes the events of a session that listens as messages of Deepgram's live transcription: one for each channel.

Deepgram tells of one stretch of audio several times: results that may change, then one that is final, which says
whether the speaker has paused (`speech_final`) or the client has asked for it (`from_finalize`). Here such a stretch is
a turn of the session.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRules:
    """The wishes of the client about what it is told."""

    formatted: bool
    interim: bool
    vad_events: bool
    endpoints: bool
    """Tell that the speaker has paused."""
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
        self._turn, self._start = 0, 0.0
        """The newest turn, and the seconds of the stream at which it begins."""
        self._text = ""
        """The part of its transcript that is not going to change."""
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
                self._start, self._speaking = at, True
                return [self._speech_started(at)] if self._rules.vad_events else []
            case events.TurnCommitted(turn=turn, pushed=True):
                self._finalized.add(turn)
            case events.PartialTranscript(turn=turn, stable_delta=delta, tail=tail):
                self._begin(turn)
                self._text += delta
                return self._interim(self._text + tail, position)
            case events.FinalTranscript():
                return self._final(event)
            case events.TranscriptFailed(error=QuotaExceeded()):
                return []  # The session ends with it.
            case events.TranscriptFailed(turn=turn, error=error):
                # It is over nevertheless: clients that wait for the end of it would wait for ever.
                return [error_message(error, self._request_id, True), self._over(turn, self._start, position)]
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

    def _interim(self, text: str, position: float) -> list[Message]:
        if not self._rules.interim or not text.strip():
            return []
        heard = told(
            [Segment(text, 0.0, max(0.0, position - self._start))], formatted=self._rules.formatted, offset=self._start
        )
        return [self._results(heard, self._start, position - self._start, final=False, speech_final=False)]

    def _final(self, event: events.FinalTranscript) -> list[Message]:
        end = event.start + event.seconds
        segments = [event.segment] if event.segment is not None else []
        heard = told(segments, formatted=self._rules.formatted, offset=event.start, end=end)
        if heard.words:
            self._last_word = heard.words[-1]["end"]
        language = event.segment.language if event.segment is not None else None
        return [self._over(event.turn, event.start, end, heard, language)]

    def _over(self, turn: int, start: float, end: float, heard: Told = SILENCE, language: str | None = None) -> Message:
        """The last that is told of a turn."""
        self._speaking = self._speaking and turn != self._turn
        pushed = turn in self._finalized
        self._finalized.discard(turn)
        return self._results(
            heard,
            start,
            end - start,
            final=True,
            speech_final=self._rules.endpoints,
            from_finalize=pushed,
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
