"""What every door does to run an operation: make its context, and headers of what it found out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any
from urllib.parse import quote

from starlette.requests import HTTPConnection

from middleware.stages.timing import server_timing
from stts.context import SOCKET, RequestContext, RequestType, new_request_id
from stts.speech import AudioChunk, SpeechRequest
from stts.transcription import ListenRequest, TranscriptEvent

Speak = Callable[[RequestContext, SpeechRequest], AsyncGenerator[AudioChunk, None]]
"""The pipeline with the TTS adapters at its end."""

Listen = Callable[[RequestContext, ListenRequest], AsyncGenerator[TranscriptEvent, None]]
"""The pipeline with the STT adapters at its end."""


def operation_context(connection: HTTPConnection, kind: RequestType, **input_data: Any) -> RequestContext:
    """A context with the correlation id, route and principal of the connection."""
    state = connection.scope.get("state", {})
    route = connection.scope.get("route")
    return RequestContext(
        request_type=kind,
        request_id=state.get("request_id") or new_request_id(),
        input_data=input_data,
        metadata={
            "method": connection.scope.get("method", SOCKET),
            "route": getattr(route, "path", None),
            "principal": state.get("principal"),
        },
    )


def speech_headers(context: RequestContext) -> dict[str, str]:
    """What a client can know about the audio that is coming."""
    output = context.output_data
    headers = {
        "content-type": output["media_type"],
        "x-engine": header_value(output["engine"]),
        "x-voice": header_value(output["voice"]),
        "x-sample-rate": str(output["sample_rate"]),
        "x-channels": str(output["channels"]),
    }
    if language := output.get("language"):
        headers["x-language"] = header_value(language)
    if output.get("silent"):
        headers["x-silence"] = "true"
    if context.warnings:
        headers["x-warnings"] = header_value("; ".join(context.warnings))
    if "file_id" in output:
        headers["x-file-id"] = output["file_id"]
    return headers


def event_headers(context: RequestContext) -> dict[str, str]:
    """What is known when a stream of events starts, which a heart-beat may have done before anything is known."""
    headers = speech_headers(context) if "media_type" in context.output_data else {}
    if timing := server_timing(context, collected=False):
        headers["server-timing"] = timing
    return {**headers, "content-type": "text/event-stream"}


def header_value(text: str) -> str:
    """Headers carry ASCII only; anything else is percent-encoded."""
    return quote(text, safe=" +-_.:/@,;()'!*")
