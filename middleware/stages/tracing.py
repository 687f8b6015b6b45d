"""Tracing: a span for each operation, with what is known of it at its end. Only there where traces are kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from middleware.pipeline import Item, Operation, Request
from stts.context import RequestContext
from stts.telemetry import names
from stts.telemetry.spans import Span
from stts.telemetry.tracer import Tracer


class TracingStage:
    """Outermost, so that the lines of the log know the trace, and the span ends when all of the operation has."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def __call__(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncIterator[Item]:
        span = self._begun(context, names.OPERATIONS.get(type(request).__name__, names.OPERATION))
        if not span.recorded:
            context.span = span
            return call_next(context, request)
        return _traced(span, context, request, call_next)

    def _begun(self, context: RequestContext, name: str) -> Span:
        """Inside what is around it; without anything, as on a socket, it is a trace of its own."""
        if context.span is not None:
            return context.span.child(name, began=context.start_time)
        return self._tracer.begin(name, link=context.link, serves=True, began=context.start_time)


async def _traced(
    span: Span, context: RequestContext, request: Request, call_next: Operation[Request, Item]
) -> AsyncGenerator[Item, None]:
    around, context.span = context.span, span
    try:
        async for item in call_next(context, request):
            yield item
    finally:
        context.span = around
        _tell(span, context)
        span.end(failed=context.status == "error")


def _tell(span: Span, context: RequestContext) -> None:
    """Names from our own lists, codes and numbers: nothing that a client has made up but its request's id."""
    output, times, audio = context.output_data, context.metrics, context.output_data.audio
    span.tell(
        {
            names.REQUEST_ID: context.request_id,
            names.ROUTE: context.input_data.route,
            names.OUTCOME: context.status,
            names.ERROR: context.error,
            names.ENGINE_NAME: output.engine,
            names.VOICE: output.voice,
            names.LANGUAGE: output.language,
            names.FORMAT: audio.format if audio is not None else None,
            names.CHARACTERS: times.characters,
            names.AUDIO_SECONDS: times.audio_seconds,
            names.FALLBACK: output.fallback,
        }
    )
    moments = (
        (names.FIRST_ITEM, times.first_item),
        (names.WORDS, times.transcript),
        (names.FIRST_TOKEN, times.first_token),
        (names.FIRST_AUDIO, times.first_audio),
    )
    for name, seconds in moments:
        if seconds is not None:
            span.event(name, context.start_time + seconds)
