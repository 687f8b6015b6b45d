"""The framing, read and written, with the reference package on the other side."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.event import Event as TheirEvent
from wyoming.event import async_read_event, async_write_event

from routers.wyoming.frames import LINE_BYTES, PAYLOAD_BYTES, Event, encoded, read_event
from stts.errors import BodyTimeout, InvalidRequest, PayloadTooLarge

NAMES = st.from_regex(r"[a-z][a-z-]{0,20}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=5
)
EVENTS = st.builds(Event, NAMES, st.dictionaries(st.text(max_size=20), VALUES), st.binary(max_size=500))


class Written:
    """The part of a StreamWriter that the reference writer needs."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def writelines(self, parts: Any) -> None:
        self.data += b"".join(parts)

    async def drain(self) -> None:
        return


def stream(*parts: bytes, ended: bool = True) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    for part in parts:
        reader.feed_data(part)
    if ended:
        reader.feed_eof()
    return reader


async def read(reader: asyncio.StreamReader, *, idle: float = 30.0, body: float = 30.0) -> Event | None:
    return await read_event(reader, data_bytes=100_000, idle_seconds=idle, body_seconds=body)


@given(EVENTS)
async def test_the_reference_reads_what_we_write(event: Event) -> None:
    theirs = await async_read_event(stream(encoded(event)))
    assert theirs is not None
    assert (theirs.type, theirs.data, theirs.payload or b"") == (event.type, event.data, event.payload)


@given(EVENTS)
async def test_we_read_what_the_reference_writes(event: Event) -> None:
    written = Written()
    await async_write_event(TheirEvent(event.type, dict(event.data), event.payload), written)  # type: ignore[arg-type]
    assert await read(stream(written.data)) == event


@given(st.lists(EVENTS, max_size=5), st.integers(1, 50))
async def test_events_stand_behind_one_another_however_they_arrive(events: list[Event], size: int) -> None:
    data = b"".join(map(encoded, events))
    reader = stream(*(data[start : start + size] for start in range(0, len(data), size)))
    assert [await read(reader) for _ in events] == events
    assert await read(reader) is None


async def test_separate_data_goes_over_inline_data() -> None:
    extra = json.dumps({"name": "new"}).encode()
    header = {"type": "transcribe", "data": {"name": "old", "language": "en"}, "data_length": len(extra)}
    event = await read(stream(json.dumps(header).encode() + b"\n" + extra))
    assert event == Event("transcribe", {"name": "new", "language": "en"})


async def test_lengths_of_nothing_are_left_out() -> None:
    header = json.loads(encoded(Event("describe")))
    assert set(header) == {"type", "version"}


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1",
        b"[]",
        b"7",
        b"{}",
        b'{"type": 3}',
        b'{"type": "ping"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"type": "ping", "data": []}',
        b'{"type": "ping", "data_length": -1}',
        b'{"type": "ping", "data_length": "9"}',
        b'{"type": "ping", "payload_length": true}',
        b'{"type": "ping", "payload_length": 1.5}',
    ],
)
async def test_what_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await read(stream(line + b"\n"))
    assert "GET" not in refused.value.message


@pytest.mark.parametrize("data", [b"true", b"[[]]", b'"me"', b"1234"])
async def test_data_that_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest):
        await read(stream(b'{"type": "ping", "data_length": 4}\n' + data))


async def test_null_is_no_data() -> None:
    assert await read(stream(b'{"type": "ping", "data": null, "data_length": 4}\nnull')) == Event("ping", {})
    assert await read(stream(b'{"type": "ping", "data_length": null, "payload_length": null}\n')) == Event("ping", {})


@pytest.mark.parametrize(
    "data",
    [
        b"x" * (LINE_BYTES + 100),
        b"x" * (LINE_BYTES + 100) + b"\n",
        b'{"type": "transcribe", "data_length": 100001}\n',
        b'{"type": "audio-chunk", "payload_length": %d}\n' % (PAYLOAD_BYTES + 1),
    ],
)
async def test_what_is_too_long_is_refused_before_it_is_read(data: bytes) -> None:
    with pytest.raises(PayloadTooLarge):
        await read(stream(data, ended=False))


@pytest.mark.parametrize("data", [b"", b'{"type"', b'{"type": "ping", "data_length": 9}\n{"te'])
async def test_a_client_that_leaves_in_the_middle_is_gone(data: bytes) -> None:
    assert await read(stream(data)) is None


async def test_a_body_that_does_not_come_is_an_error() -> None:
    with pytest.raises(BodyTimeout):
        await read(stream(b'{"type": "audio-chunk", "payload_length": 10}\nabc', ended=False), body=0.01)


async def test_a_pause_between_events_loses_nothing() -> None:
    reader = stream(b'{"type": ', ended=False)
    with pytest.raises(TimeoutError):
        await read(reader, idle=0.01)
    reader.feed_data(b'"ping"}\n')
    assert await read(reader) == Event("ping")
