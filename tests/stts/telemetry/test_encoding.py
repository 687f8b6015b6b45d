"""Encoding of spans: what a receiver reads is what was told, and answers are read for what was not kept."""

from __future__ import annotations

from typing import cast

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from stts.telemetry.encoding import encoded_span, export_request, rejected_spans
from stts.telemetry.finished_span import FinishedSpan, SpanEvent
from stts.telemetry.parts import Value
from stts.telemetry.traceparent import RemoteSpan

TRACE, SPAN, PARENT = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, 0x00F067AA0BA902B7
ATTRIBUTES: dict[str, Value] = {
    "text": "\u00e9\u4e16 \U0001f600",
    "long": "x" * 70_000,
    "empty": "",
    "lone": "\ud800",
    "yes": True,
    "no": False,
    "one": 1,
    "zero": 0,
    "many": 2**40,
    "less": -5,
    "real": 0.25,
    "whole": 1.0,
}


def official(name: str, value: Value) -> KeyValue:
    if isinstance(value, str):
        return KeyValue(key=name, value=AnyValue(string_value=value.encode("utf-8", "replace").decode()))
    if isinstance(value, bool):
        return KeyValue(key=name, value=AnyValue(bool_value=value))
    if isinstance(value, int):
        return KeyValue(key=name, value=AnyValue(int_value=value))
    return KeyValue(key=name, value=AnyValue(double_value=value))


def read(span: FinishedSpan) -> Span:
    request = ExportTraceServiceRequest.FromString(export_request([encoded_span(span)], {}, "scope"))
    ((found,),) = ((*scope.spans,) for scope in request.resource_spans[0].scope_spans)
    assert isinstance(found, Span)
    return found


def test_a_whole_span() -> None:
    events = (SpanEvent("first", 1_700_000_000_000_000_001, {}), SpanEvent("second", 2, {"code": "busy", "number": 3}))
    link = RemoteSpan(TRACE, PARENT, sampled=True)
    span = FinishedSpan("POST /tts", TRACE, SPAN, PARENT, 10**18, 10**18 + 1, ATTRIBUTES, events, True, True, link)
    expected = Span(
        trace_id=TRACE.to_bytes(16, "big"),
        span_id=SPAN.to_bytes(8, "big"),
        parent_span_id=PARENT.to_bytes(8, "big"),
        name="POST /tts",
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=10**18,
        end_time_unix_nano=10**18 + 1,
        attributes=[official(*each) for each in ATTRIBUTES.items()],
        events=[
            Span.Event(name="first", time_unix_nano=1_700_000_000_000_000_001),
            Span.Event(name="second", time_unix_nano=2, attributes=[official("code", "busy"), official("number", 3)]),
        ],
        links=[Span.Link(trace_id=TRACE.to_bytes(16, "big"), span_id=PARENT.to_bytes(8, "big"))],
        status=Status(code=Status.STATUS_CODE_ERROR),
    )
    assert read(span) == expected


def test_a_bare_span() -> None:
    bare = read(FinishedSpan("work", 1, 2, None, 3, 4, {}))
    assert (bare.parent_span_id, bare.kind, len(bare.attributes)) == (b"", Span.SPAN_KIND_INTERNAL, 0)
    assert bare.trace_id == (1).to_bytes(16, "big") and not bare.HasField("status")


def test_a_request_holds_the_spans_the_scope_and_the_server() -> None:
    spans = [FinishedSpan("work", TRACE, number, None, number, number + 1, {"a": "b"}) for number in range(1, 501)]
    encoded = [encoded_span(span) for span in spans]
    request = ExportTraceServiceRequest.FromString(export_request(encoded, {"service.name": "here"}, "stts"))
    (told,) = request.resource_spans
    (scoped,) = told.scope_spans
    assert [*told.resource.attributes] == [official("service.name", "here")]
    assert scoped.scope.name == "stts"
    assert [*scoped.spans] == [Span.FromString(each) for each in encoded]


@pytest.mark.parametrize(
    "span",
    [
        FinishedSpan("work", 1, 2, None, -5, 4, {}),
        FinishedSpan("work", 1, 2, None, 3, 2**64, {}),
        FinishedSpan("work", 1, 2, None, 3, 4, {"none": cast("Value", [])}),
    ],
)
def test_what_otlp_does_not_know_raises_what_is_foreseen(span: FinishedSpan) -> None:
    with pytest.raises((TypeError, OverflowError)):
        encoded_span(span)


def test_how_many_spans_a_receiver_rejected() -> None:
    answer = ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(rejected_spans=3))
    assert rejected_spans(answer.SerializeToString()) == 3
    assert rejected_spans(b"") == rejected_spans(b"<html>no answer</html>") == 0
    wrong = ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(rejected_spans=-1))
    assert rejected_spans(wrong.SerializeToString()) == 0
