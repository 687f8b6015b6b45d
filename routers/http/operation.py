"""Shared steps of every route: makes the context of an operation, and headers from its outcome."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from urllib.parse import quote

from starlette.requests import HTTPConnection

from middleware.edge.request_memory import RepeatNotes
from middleware.edge.route_table import PLACE_AHEAD, REPEAT, SPAN, arrived, route_match
from middleware.listener import LISTENER
from middleware.stages.timing import server_timing
from stts.access import networks
from stts.access.principal import ANONYMOUS, Principal
from stts.access.quota_ahead import QuotaAhead
from stts.context import (
    SOCKET,
    CacheUse,
    Priority,
    RequestContext,
    RequestFacts,
    RequestType,
    caller_priority,
    new_request_id,
)
from stts.plans import ListenRequest, SpeechRequest
from stts.speech import AudioChunk, AudioFormat, AudioOutput
from stts.transcription import TranscriptEvent

Speak = Callable[[RequestContext, SpeechRequest], AsyncGenerator[AudioChunk, None]]
"""The pipeline with the TTS adapters at its end."""

ReserveAhead = Callable[[RequestContext, Sequence[SpeechRequest]], Awaitable[Sequence[QuotaAhead]]]
"""Reserves the quotas of all speeches of one answer. Raises QuotaExceeded."""

Listen = Callable[[RequestContext, ListenRequest], AsyncGenerator[TranscriptEvent, None]]
"""The pipeline with the STT adapters at its end."""


def operation_context(
    connection: HTTPConnection,
    kind: RequestType,
    *,
    characters: int = 0,
    format: AudioFormat | None = None,
    priority: Priority = Priority.STREAM,
) -> RequestContext:
    """A context with the correlation id, route and principal of the connection."""
    state = connection.scope.get("state", {})
    route = connection.scope.get("route")
    repeat: RepeatNotes | None = state.get(REPEAT)
    dialect, listener = route_match(connection.scope).dialect, state.get(LISTENER)
    return RequestContext(
        request_type=kind,
        request_id=state.get("request_id") or new_request_id(),
        principal=principal_of(connection),
        priority=caller_priority(principal_of(connection), priority),
        input_data=RequestFacts(
            connection.scope.get("method", SOCKET),
            getattr(route, "path", None),
            network_of(connection),
            characters,
            format,
            arrived=arrived(connection.scope),
            cache=cache_use(connection),
            listener=listener.name if listener is not None else None,
            cache_hours=listener.cache_hours() if listener is not None else None,
            error_status=lambda error: dialect.render_error(error, "").status,
        ),
        span=state.get(SPAN),
        place_ahead=state.get(PLACE_AHEAD),
        on_kept=repeat.operation() if repeat is not None else None,
    )


def cache_use(connection: HTTPConnection) -> CacheUse:
    """Reads the wish about the cache in the `Cache-Control` of a request."""
    header = connection.headers.get("cache-control")
    if header is None:
        return "any"
    directives = {each.strip().lower() for each in header.split(",")}
    return "none" if "no-store" in directives else "renew" if "no-cache" in directives else "any"


def principal_of(connection: HTTPConnection) -> Principal:
    """The authenticated caller of a request or socket."""
    principal: Principal | None = connection.scope.get("state", {}).get("principal")
    return principal or ANONYMOUS


def network_of(connection: HTTPConnection) -> str:
    """The network of the client, as far as it counts for limits."""
    return networks.network_of(connection.client.host if connection.client is not None else None)


def spoken_audio(context: RequestContext) -> AudioOutput:
    """The encoding of an answer whose first chunk is there."""
    assert context.output_data.audio is not None
    return context.output_data.audio


def speech_headers(context: RequestContext) -> dict[str, str]:
    """Headers that describe the audio to come: engine, voice, rate, length where known."""
    output, audio = context.output_data, spoken_audio(context)
    headers = {
        "content-type": audio.media_type,
        **engine_headers(context),
        "x-voice": header_value(output.voice or ""),
        "x-sample-rate": str(audio.sample_rate),
        "x-channels": str(audio.channels),
    }
    if output.language:
        headers["x-language"] = header_value(output.language)
    if output.silent:
        headers["x-silence"] = "true"
    if output.file_id is not None:
        headers["x-file-id"] = output.file_id
    if output.cache is not None:
        headers["x-cache"] = output.cache.state
        if output.cache.age is not None:
            headers["age"] = str(int(output.cache.age))
    return headers | warning_headers(context)


def engine_headers(context: RequestContext) -> dict[str, str]:
    """Headers that say which engine did it, and why not the one that would have been taken first."""
    output = context.output_data
    return {"x-engine": header_value(output.speaker or output.engine or ""), **fallback_headers(context)}


def fallback_headers(context: RequestContext) -> dict[str, str]:
    """A header with the code of why another engine did it; none where it is the one that is taken first."""
    fallback = context.output_data.fallback
    return {} if fallback is None else {"x-fallback": fallback}


def warning_headers(context: RequestContext) -> dict[str, str]:
    """A header that says what was done otherwise than asked; none where there is nothing to say."""
    return {"x-warnings": header_value("; ".join(context.warnings))} if context.warnings else {}


def event_headers(context: RequestContext) -> dict[str, str]:
    """Headers of an event stream, which a heart-beat may start before anything is known."""
    output = context.output_data
    headers = speech_headers(context) if output.audio is not None else engine_headers(context) if output.engine else {}
    if timing := server_timing(context, collected=False):
        headers["server-timing"] = timing
    return {**headers, "content-type": "text/event-stream"}


def header_value(text: str) -> str:
    """Encodes text for a header, which carries ASCII only: anything else is percent-encoded."""
    return quote(text, safe=" +-_.:/@,;()'!*")
