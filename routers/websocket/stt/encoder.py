"""Encodes the events of a session as messages of /ws/stt and of /ws/transcribe."""

from __future__ import annotations

from typing import Any

from routers.sockets.error_events import native_error
from routers.sockets.shapes import milliseconds, word_times
from routers.websocket.stt.schemas import ListenFields
from stts.access.allowances import QuotaExceeded
from stts.conversation import events


class EventEncoder:
    """Encodes the events of one connection as messages of /ws/stt."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id

    def created(self, fields: ListenFields) -> list[dict[str, Any]]:
        return [{"type": "session.created", "session": self._request_id, "config": fields.model_dump(mode="json")}]

    def updated(self, fields: ListenFields) -> list[dict[str, Any]]:
        return [{"type": "session.updated", "config": fields.model_dump(mode="json")}]

    def to_messages(self, event: events.SessionEvent, fields: ListenFields) -> list[dict[str, Any]]:
        """Returns one message or none; events of replies never happen here."""
        match event:
            case events.SpeechStarted(turn=turn, at=at):
                return [{"type": "speech_start", "turn": turn, "at_ms": milliseconds(at)}]
            case events.SpeechStopped(turn=turn, at=at):
                return [{"type": "speech_end", "turn": turn, "at_ms": milliseconds(at)}]
            case events.PartialTranscript(turn=turn, stable_delta=delta, tail=tail) if fields.partials:
                return [{"type": "partial", "turn": turn, "stable_delta": delta, "tail": tail}]
            case events.FinalTranscript():
                return [self._final(event, fields)]
            case events.TranscriptFailed(error=QuotaExceeded()):
                return []  # The session ends with it.
            case events.TranscriptFailed(turn=turn, error=error):
                return [native_error(error, self._request_id, False) | {"turn": turn}]
            case events.Lagging(seconds):
                return [{"type": "lagging", "seconds": round(seconds, 3)}]
            case events.Failed(error):
                return [native_error(error, self._request_id, False)]
        return []

    def _final(self, event: events.FinalTranscript, fields: ListenFields) -> dict[str, Any]:
        segment = event.segment
        start, end = (segment.start, segment.end) if segment is not None else (0.0, event.seconds)
        message = {
            "type": "final",
            "turn": event.turn,
            "text": event.text,
            "start_ms": milliseconds(event.start + start),
            "end_ms": milliseconds(event.start + end),
            "language": segment.language if segment is not None else None,
        }
        if fields.words:
            message["words"] = word_times(segment, event.start) if segment is not None else []
        return message if event.fallback is None else message | {"fallback": event.fallback}


class V1EventEncoder(EventEncoder):
    """Encodes for clients of /ws/transcribe, which know one message: the whole text of a turn so far."""

    def __init__(self, request_id: str) -> None:
        super().__init__(request_id)
        self._turn = 0
        self._stable = ""

    def created(self, fields: ListenFields) -> list[dict[str, Any]]:
        return []

    def to_messages(self, event: events.SessionEvent, fields: ListenFields) -> list[dict[str, Any]]:
        match event:
            case events.PartialTranscript(turn=turn, stable_delta=delta, tail=tail):
                self._stable = delta if turn != self._turn else self._stable + delta
                self._turn = turn
                text = self._stable + tail
                return [_transcription(text, partial=True, language=fields.language)] if fields.partials else []
            case events.FinalTranscript(segment=segment):
                return [] if segment is None else [_final_transcription(event)]
            case events.TranscriptFailed() | events.Failed():
                return super().to_messages(event, fields)
        return []


def _final_transcription(event: events.FinalTranscript) -> dict[str, Any]:
    segment = event.segment
    assert segment is not None
    start, end = round(event.start + segment.start, 3), round(event.start + segment.end, 3)
    message = _transcription(segment.text, partial=False, language=segment.language)
    message["timing"] = {"start": start, "end": end, "duration": round(end - start, 3)}
    message["segments"] = [{"text": segment.text, "start": start, "end": end}]
    return message


def _transcription(text: str, *, partial: bool, language: str | None) -> dict[str, Any]:
    return {
        "type": "transcription",
        "text": text,
        "language": language,
        "partial": partial,
        "timing": None,
        "segments": [],
    }
