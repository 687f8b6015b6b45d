"""Spans as OTLP, by the messages of `opentelemetry-proto`, which receivers of every make read.

Encodings of parts of a message, joined, are the encoding of the whole: protobuf merges them. So most attributes, which
are the same from request to request, are encoded once, and only identifiers and times are written by hand.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Status
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from stts.telemetry.finished_span import FinishedSpan, SpanEvent
from stts.telemetry.parts import Value

KNOWN = 512
"""Names and attributes whose encodings are kept."""
TRACE_ID, SPAN_ID, PARENT_SPAN_ID, BEGAN, ENDED = b"\x0a\x10", b"\x12\x08", b"\x22\x08", b"\x39", b"\x41"
"""Number and type of a field of a span, and its length where it may have another, as they stand before it."""
SPAN, SCOPE_SPANS, RESOURCE_SPANS = 0x12, 0x12, 0x0A
"""Number and type of what holds the spans, from inside out; the length follows."""
DOUBLE = struct.Struct("<d")
FAILED = SpanMessage(status=Status(code=Status.STATUS_CODE_ERROR)).SerializeToString()


def export_request(spans: Iterable[bytes], resource: Mapping[str, Value], scope: str) -> bytes:
    """One request to a receiver. `spans`: what `encoded_span` made of them. `resource`: attributes of this server."""
    attributes = [KeyValue(key=name, value=_any(value)) for name, value in resource.items()]
    told: bytes = ResourceSpans(resource=Resource(attributes=attributes)).SerializeToString()
    scoped: bytes = ScopeSpans(scope=InstrumentationScope(name=scope)).SerializeToString()
    scoped += b"".join([_field(SPAN, span) for span in spans])
    return _field(RESOURCE_SPANS, told + _field(SCOPE_SPANS, scoped))


def rejected_spans(answer: bytes) -> int:
    """How many spans a receiver did not keep, by what it answered; 0 where that is no answer of OTLP."""
    try:
        rejected: int = ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans
    except DecodeError:
        return 0
    return max(0, rejected)


def encoded_span(span: FinishedSpan) -> bytes:
    """The message of a span. Raises TypeError or OverflowError for attributes and times that OTLP does not know."""
    parts = [
        TRACE_ID,
        span.trace_id.to_bytes(16, "big"),
        SPAN_ID,
        span.span_id.to_bytes(8, "big"),
        _named(span.name, span.serves),
        BEGAN,
        span.began_ns.to_bytes(8, "little"),
        ENDED,
        span.ended_ns.to_bytes(8, "little"),
    ]
    if span.parent_id is not None:
        parts += PARENT_SPAN_ID, span.parent_id.to_bytes(8, "big")
    for name, value in span.attributes.items():
        parts.append(_double(name) + DOUBLE.pack(value) if isinstance(value, float) else _attribute(name, value))
    if span.events or span.link is not None:
        parts.append(_events_and_link(span))
    if span.failed:
        parts.append(FAILED)
    return b"".join(parts)


@lru_cache(KNOWN)
def _named(name: str, serves: bool) -> bytes:
    kind = SpanMessage.SPAN_KIND_SERVER if serves else SpanMessage.SPAN_KIND_INTERNAL
    encoded: bytes = SpanMessage(name=name, kind=kind).SerializeToString()
    return encoded


@lru_cache(KNOWN, typed=True)
def _attribute(name: str, value: Value) -> bytes:
    encoded: bytes = SpanMessage(attributes=[KeyValue(key=name, value=_any(value))]).SerializeToString()
    return encoded


@lru_cache(KNOWN)
def _double(name: str) -> bytes:
    """An attribute without its value, which stands at its end and is as long as any other."""
    return _attribute(name, 0.0)[: -DOUBLE.size]


def _any(value: Value) -> AnyValue:
    if isinstance(value, str):
        # Half a surrogate pair is no text for anybody else.
        return AnyValue(string_value=value.encode("utf-8", "replace").decode())
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    return AnyValue(int_value=value) if isinstance(value, int) else AnyValue(double_value=value)


def _events_and_link(span: FinishedSpan) -> bytes:
    message = SpanMessage(events=map(_event, span.events))
    if span.link is not None:
        trace_id, span_id = span.link.trace_id.to_bytes(16, "big"), span.link.span_id.to_bytes(8, "big")
        message.links.append(SpanMessage.Link(trace_id=trace_id, span_id=span_id))
    encoded: bytes = message.SerializeToString()
    return encoded


def _event(event: SpanEvent) -> SpanMessage.Event:
    attributes = [KeyValue(key=name, value=_any(value)) for name, value in event.attributes.items()]
    return SpanMessage.Event(name=event.name, time_unix_nano=event.at_ns, attributes=attributes)


def _field(start: int, data: bytes) -> bytes:
    """A field with its length before it, seven bits a byte, the lowest first."""
    head, left = [start], len(data)
    while left > 0x7F:
        head.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes((*head, left)) + data
