"""Encodes the events of a session as messages of /ws/conversation: one for each turn, when all of it is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pybase64

from routers.sockets.error_events import native_error
from routers.websocket.conversation_v1.schemas import SAMPLE_RATE
from stts.access.allowances import QuotaExceeded
from stts.audio.wav import sized_header
from stts.conversation.events import (
    AudioFrame,
    FinalTranscript,
    ReplyDelta,
    ReplyEnded,
    ReplyStarted,
    ReplyWarned,
    SessionEvent,
    TranscriptFailed,
    TurnMetrics,
)
from stts.errors import STTSError


@dataclass(slots=True)
class _Answer:
    """Collects one turn."""

    transcription: str = ""
    text: str = ""
    audio: list[bytes] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class EventEncoder:
    """Collects the events of one connection."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._heard: list[str] = []
        """Texts of turns that are not part of an answer yet."""
        self._answer = _Answer()

    def to_messages(self, event: SessionEvent, *, whole: bool) -> list[dict[str, Any]]:
        """Returns one message or none. `whole`: turns without a reply are answered too."""
        answer = self._answer
        match event:
            case FinalTranscript() if event.text:
                self._heard.append(event.text)
            case ReplyStarted():
                answer.transcription = " ".join(self._heard)
                self._heard.clear()
            case ReplyDelta(text=text):
                answer.text += text
            case ReplyWarned(message=message):
                answer.warnings.append(message)
            case AudioFrame(data=data):
                answer.audio.append(data)
            case TranscriptFailed(error=QuotaExceeded()) | ReplyEnded(error=QuotaExceeded()):
                return []  # The session ends with it.
            case TranscriptFailed(error=error) | ReplyEnded(error=STTSError() as error):
                return [native_error(error, self._request_id, False)]
            case TurnMetrics():
                self._answer = _Answer()
                return [_response(answer, event)] if event.generation or whole else []
        return []


def _response(answer: _Answer, metrics: TurnMetrics) -> dict[str, Any]:
    heard = metrics.transcript or 0.0
    made = metrics.first_audio or heard
    audio = b"".join(answer.audio)
    response = {
        "type": "conversation_response",
        "transcription": answer.transcription,
        "response_text": answer.text.strip(),
        "audio_data": pybase64.b64encode(_wav(audio)).decode(),
        "timing": {
            "transcription_time": heard / 1000,
            "synthesis_time": max(0.0, made - heard) / 1000,
            "total_time": made / 1000,
        },
    }
    return response | ({"warnings": answer.warnings} if answer.warnings else {})


def _wav(audio: bytes) -> bytes:
    return sized_header(SAMPLE_RATE, 1, len(audio)) + audio if audio else b""
