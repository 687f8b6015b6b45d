"""Spans as OTLP, by the messages of `opentelemetry-proto`, which receivers of every make read.

Most attributes are the same from request to request, and are made once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Status
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from stts.telemetry.parts import Value
from stts.telemetry.spans import FinishedSpan, SpanEvent
from stts.telemetry.traceparent import RemoteSpan

KNOWN_TEXTS = 512
"""Attributes whose value is text that are kept."""
FAILED = Status(code=Status.STATUS_CODE_ERROR)


def export_request(spans: Sequence[SpanMessage], resource: Mapping[str, Value], scope: str) -> bytes:
    """One request to a receiver. `resource`: attributes of this server."""
    scoped = ScopeSpans(scope=InstrumentationScope(name=scope), spans=spans)
    told = ResourceSpans(resource=Resource(attributes=_attributes(resource)), scope_spans=[scoped])
    written: bytes = ExportTraceServiceRequest(resource_spans=[told]).SerializeToString()
    return written


def rejected_spans(answer: bytes) -> int:
    """How many spans a receiver did not keep, by what it answered; 0 where that is no answer of OTLP."""
    try:
        rejected: int = ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans
    except DecodeError:
        return 0
    return max(0, rejected)


def span_message(span: FinishedSpan) -> SpanMessage:
    """Raises TypeError or ValueError for attributes and times that OTLP does not know."""
    message = SpanMessage(
        trace_id=_trace_id(span.trace_id),
        span_id=_span_id(span.span_id),
        name=span.name,
        kind=SpanMessage.SPAN_KIND_SERVER if span.serves else SpanMessage.SPAN_KIND_INTERNAL,
        start_time_unix_nano=span.began_ns,
        end_time_unix_nano=span.ended_ns,
        attributes=_attributes(span.attributes),
    )
    if span.parent_id is not None:
        message.parent_span_id = _span_id(span.parent_id)
    if span.events:
        message.events.extend(map(_event, span.events))
    if span.link is not None:
        message.links.append(_link(span.link))
    if span.failed:
        message.status.CopyFrom(FAILED)
    return message


def _event(event: SpanEvent) -> SpanMessage.Event:
    return SpanMessage.Event(name=event.name, time_unix_nano=event.at_ns, attributes=_attributes(event.attributes))


def _link(remote: RemoteSpan) -> SpanMessage.Link:
    return SpanMessage.Link(trace_id=_trace_id(remote.trace_id), span_id=_span_id(remote.span_id))


def _attributes(attributes: Mapping[str, Value]) -> list[KeyValue]:
    return [_text(name, value) if isinstance(value, str) else _other(name, value) for name, value in attributes.items()]


@lru_cache(KNOWN_TEXTS)
def _text(name: str, value: str) -> KeyValue:
    # Half a surrogate pair is no text for anybody else.
    return KeyValue(key=name, value=AnyValue(string_value=value.encode("utf-8", "replace").decode()))


def _other(name: str, value: bool | int | float) -> KeyValue:
    if isinstance(value, bool):
        return KeyValue(key=name, value=AnyValue(bool_value=value))
    if isinstance(value, int):
        return KeyValue(key=name, value=AnyValue(int_value=value))
    return KeyValue(key=name, value=AnyValue(double_value=value))


def _trace_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def _span_id(number: int) -> bytes:
    return number.to_bytes(8, "big")
