"""Encodes the events of a session as messages of /ws/conversation/v2."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, cast

from routers.sockets.error_events import native_error
from routers.sockets.shapes import Error, milliseconds, word_times
from routers.websocket.conversation.events import (
    ErrorTold,
    Metrics,
    ReplyDone,
    ServerMessage,
    ToolCall,
    Transcript,
)
from stts.conversation import events
from stts.errors import STTSError

HEADER = struct.Struct("<II")
"""Before the PCM of each binary message: generation, sequence."""


class EventEncoder:
    """Encodes the events of one connection, each on its own."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id

    def to_message(self, event: events.SessionEvent) -> ServerMessage | bytes | None:
        """Returns bytes for audio, a JSON object for other events, None for what clients are not told."""
        if isinstance(event, events.AudioFrame):
            return audio_message(event)
        if isinstance(event, events.Failed):
            return cast(Error, native_error(event.error, self._request_id, False))
        make = _MAKERS.get(type(event))
        return make(event) if make is not None else None


def audio_message(frame: events.AudioFrame) -> bytes:
    return HEADER.pack(frame.generation, frame.sequence) + frame.data


def _failure(error: STTSError) -> ErrorTold:
    return {"code": error.code, "message": error.message, "retryable": error.retryable}


def _transcript(event: events.FinalTranscript) -> Transcript:
    segment = event.segment
    first, last = (segment.start, segment.end) if segment is not None else (0.0, event.seconds)
    message: Transcript = {
        "type": "transcript",
        "turn": event.turn,
        "text": event.text,
        "start_ms": milliseconds(event.start + first),
        "end_ms": milliseconds(event.start + last),
        "language": segment.language if segment is not None else None,
    }
    if segment is not None and segment.words:
        message["words"] = word_times(segment, event.start)
    if event.fallback is not None:
        message["fallback"] = event.fallback
    return message


def _done(event: events.ReplyEnded) -> ReplyDone:
    message: ReplyDone = {
        "type": "reply.done",
        "turn": event.turn,
        "generation": event.generation,
        "status": event.status,
        "text": event.text,
        "heard": event.heard,
        "seconds": round(event.seconds, 3),
    }
    if event.error is not None:
        message["error"] = _failure(event.error)
    return message


def _metrics(event: events.TurnMetrics) -> Metrics:
    return {
        "type": "turn_metrics",
        "turn": event.turn,
        "generation": event.generation,
        "transcript_ms": event.transcript,
        "first_token_ms": event.first_token,
        "first_audio_ms": event.first_audio,
        "first_byte_ms": event.first_byte,
        "speculative": event.speculative,
    }


def _tool_call(event: events.ToolCalled) -> ToolCall:
    call = event.call
    return {
        "type": "tool_call",
        "generation": event.generation,
        "call_id": call.call_id,
        "name": call.name,
        "arguments": call.arguments,
    }


_MAKERS: dict[type, Callable[[Any], ServerMessage]] = {
    events.SpeechStarted: lambda e: {"type": "speech_start", "turn": e.turn, "at_ms": milliseconds(e.at)},
    events.SpeechStopped: lambda e: {"type": "speech_end", "turn": e.turn, "at_ms": milliseconds(e.at)},
    events.PartialTranscript: lambda e: {
        "type": "partial",
        "turn": e.turn,
        "stable_delta": e.stable_delta,
        "tail": e.tail,
    },
    events.FinalTranscript: _transcript,
    events.TranscriptFailed: lambda e: {"type": "transcript_failed", "turn": e.turn, "error": _failure(e.error)},
    events.Lagging: lambda e: {"type": "lagging", "seconds": round(e.seconds, 2)},
    events.Ducked: lambda e: {"type": "duck", "generation": e.generation},
    events.Unducked: lambda e: {"type": "unduck", "generation": e.generation},
    events.Interrupted: lambda e: {
        "type": "interrupted",
        "generation": e.generation,
        "heard_ms": milliseconds(e.heard),
    },
    events.Resumed: lambda e: {"type": "resumed", "generation": e.generation},
    events.ReplyStarted: lambda e: {
        "type": "reply.start",
        "turn": e.turn,
        "generation": e.generation,
        "spoken": e.spoken,
    },
    events.ReplyDelta: lambda e: {"type": "reply.delta", "generation": e.generation, "text": e.text},
    events.ReplyWarned: lambda e: {"type": "warning", "generation": e.generation, "message": e.message},
    events.ToolCalled: _tool_call,
    events.ReplyEnded: _done,
    events.TurnMetrics: _metrics,
    events.PromptDue: lambda e: {"type": "idle", "at_ms": milliseconds(e.at)},
}
