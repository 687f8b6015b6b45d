"""Spans as OTLP: the messages of `opentelemetry.proto.trace.v1` in the wire format of Protocol Buffers.

Written by hand, since the classes of `opentelemetry-proto` take several times as long, in the process that speaks;
tests read all of it with those classes. Whatever is the same from span to span is made once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from struct import Struct

from stts.telemetry.parts import Value
from stts.telemetry.spans import FinishedSpan, SpanEvent

KNOWN = 512
"""Attributes that are kept."""
LOW = (1 << 64) - 1
IDS = Struct(">2sQQ2sQ")
"""Fields trace_id (1) and span_id (2), which open a span and a link."""
PARENT = Struct(">2sQ")
"""Field parent_span_id (4)."""
TIMES = Struct("<2sBQBQ")
"""Fields kind (6), start_time_unix_nano (7), end_time_unix_nano (8)."""
INTERNAL, SERVER = b"\x30\x01", b"\x30\x02"
TIME = Struct("<BQ")
"""Field time_unix_nano (1) of an event."""
DOUBLE = Struct("<d")
FAILED = b"\x7a\x02\x18\x02"
"""Field status (15) with code (3) error."""


def export_request(spans: Iterable[bytes], resource: Mapping[str, Value], scope: str) -> bytes:
    """One request to a receiver, of spans as `span_field` makes them. `resource`: attributes of this server."""
    scoped = _field(1, _field(1, scope.encode())) + b"".join(spans)
    described = b"".join(_attribute(1, *each) for each in resource.items())
    return _field(1, _field(1, described) + _field(2, scoped))


def span_field(span: FinishedSpan) -> bytes:
    """A span as a field of the spans of one scope."""
    name, trace_id, span_id, parent_id, began_ns, ended_ns, attributes, events, failed, serves, link = span
    parts = [_ids(trace_id, span_id)]
    if parent_id is not None:
        parts.append(PARENT.pack(b"\x22\x08", parent_id))
    parts += (_name(5, name), TIMES.pack(SERVER if serves else INTERNAL, 0x39, began_ns, 0x41, ended_ns))
    parts += [_attribute(9, *each) for each in attributes.items()]
    parts += [_field(11, _event(event)) for event in events]
    if link is not None:
        parts.append(_field(13, _ids(link.trace_id, link.span_id)))
    if failed:
        parts.append(FAILED)
    return _field(2, b"".join(parts))


def _event(event: SpanEvent) -> bytes:
    attributes = b"".join(_attribute(3, *each) for each in event.attributes.items())
    return TIME.pack(0x09, event.at_ns) + _name(2, event.name) + attributes


def _ids(trace_id: int, span_id: int) -> bytes:
    return IDS.pack(b"\x0a\x10", trace_id >> 64, trace_id & LOW, b"\x12\x08", span_id)


def _attribute(number: int, name: str, value: Value) -> bytes:
    """A KeyValue."""
    if isinstance(value, float):
        return _before_double(number, name) + DOUBLE.pack(value)
    return _known(number, name, value)


@lru_cache(KNOWN, typed=True)
def _known(number: int, name: str, value: str | bool | int) -> bytes:
    if isinstance(value, str):
        told = _field(1, value.encode("utf-8", "replace"))
    elif isinstance(value, bool):
        told = b"\x10\x01" if value else b"\x10\x00"
    else:
        told = b"\x18" + _varint(value & LOW)
    return _field(number, _name(1, name) + _field(2, told))


@lru_cache
def _before_double(number: int, name: str) -> bytes:
    """All of a KeyValue but the eight bytes of its number, which end it."""
    return _field(number, _name(1, name) + _field(2, b"\x21" + bytes(DOUBLE.size)))[: -DOUBLE.size]


@lru_cache
def _name(number: int, name: str) -> bytes:
    return _field(number, name.encode())


def _field(number: int, data: bytes) -> bytes:
    """A field of a length: text, bytes or a message."""
    return bytes((number << 3 | 2,)) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    written = bytearray()
    while number >= 0x80:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
