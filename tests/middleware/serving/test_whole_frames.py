"""Messages read in one step against the library's parser alone: the same messages, and the same answers."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from itertools import accumulate, pairwise
from typing import Any

import pytest
import uvicorn
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from middleware.serving import sliced_messages
from middleware.serving.extensions import LEFT
from middleware.serving.websocket_frames import BoundedFrames
from middleware.serving.whole_frames import frame_of, whole_message, whole_messages

MOST_BYTES = 70_000
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


class Wire(asyncio.Transport):
    """The transport of one connection: reads come in order, none while reading is paused, none behind the end."""

    def __init__(self, protocol: BoundedFrames) -> None:
        super().__init__()
        self._protocol = protocol
        self._reads: deque[bytes] = deque()
        self._paused = self._closing = False
        self.written = b""

    def read(self, data: bytes) -> None:
        self._reads.append(data)
        self._deliver()

    def _deliver(self) -> None:
        while self._reads and not self._paused and not self._closing:
            self._protocol.data_received(self._reads.popleft())

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        if self._paused:
            self._paused = False
            asyncio.get_running_loop().call_soon(self._deliver)

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    def abort(self) -> None:
        self._closing = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


class App:
    """Takes messages past ASGI; behind a text it has to be told to go on."""

    def __init__(self) -> None:
        self.taken: list[str | bytes] = []
        self.accepted = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.accepted.set()
        await scope["extensions"][LEFT]

    def take(self, message: str | bytes) -> bool:
        self.taken.append(message)
        return isinstance(message, bytes)


async def outcome(reads: list[bytes], *, goodbye: bool = False) -> tuple[list[str | bytes], bytes, bool]:
    """Messages that an application was given, bytes that were answered, and whether the connection was closed.

    `goodbye`: the application says it first.
    """
    app = App()
    config = uvicorn.Config(
        app, log_config=None, ws="none", http="h11", ws_max_size=MOST_BYTES, ws_ping_interval=None, lifespan="off"
    )
    config.load()
    state = ServerState()
    protocol = BoundedFrames(config, state, {})
    wire = Wire(protocol)
    protocol.connection_made(wire)
    protocol.data_received(UPGRADE)
    await app.accepted.wait()
    wire.written = b""
    protocol.hand_to(app.take)
    if goodbye:
        await protocol.send({"type": "websocket.close", "code": 1000, "reason": ""})
    for data in reads:
        wire.read(data)
        for _ in range(6):
            await asyncio.sleep(0)
        protocol.take_more()
    for _ in range(4 * len(reads) + sum(map(len, reads)) // 1000):  # the library reads large frames in slices
        await asyncio.sleep(0)
        protocol.take_more()
    told = app.taken, wire.written, wire.is_closing()
    protocol.connection_lost(None)
    await asyncio.gather(*state.tasks)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        await task
    return told


def compared(reads: list[bytes], monkeypatch: pytest.MonkeyPatch) -> tuple[list[str | bytes], bytes, bool]:
    found = asyncio.run(outcome(reads))
    with monkeypatch.context() as patch:
        patch.setattr(sliced_messages, "whole_message", lambda data, most: None)
        patch.setattr(sliced_messages, "whole_messages", lambda data, most, enough: ([], data))
        assert asyncio.run(outcome(reads)) == found
    return found


def frame(
    kind: int,
    payload: bytes,
    *,
    last: bool = True,
    reserved: int = 0,
    masked: bool = True,
    mask: bytes = b"\x11\x22\x33\x44",
    wide: int = 0,
) -> bytes:
    """`wide`: at least so many bytes for the length, as 0, 2 or 8."""
    length, bit = len(payload), 0x80 if masked else 0
    head = bytes([(0x80 if last else 0) | reserved << 4 | kind])
    if length < 126 and not wide:
        head += bytes([bit | length])
    elif length < 1 << 16 and wide < 8:
        head += struct.pack("!BH", bit | 126, length)
    else:
        head += struct.pack("!BQ", bit | 127, length)
    if not masked:
        return head + payload
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


MASKS = st.binary(min_size=4, max_size=4)
SAID = st.one_of(st.binary(max_size=140), st.text(max_size=60).map(str.encode), st.just(b""), st.just(b"\xff\xc3"))
MESSAGES = st.builds(frame, st.sampled_from([TEXT, BINARY]), SAID, mask=MASKS)
ANYTHING = st.builds(
    frame,
    st.sampled_from([0, TEXT, BINARY, 3, CLOSE, PING, 10, 15]),
    SAID,
    last=st.booleans(),
    reserved=st.sampled_from([0, 0, 0, 0, 1, 4]),
    masked=st.sampled_from([True, True, True, False]),
    mask=MASKS,
    wide=st.sampled_from([0, 0, 2, 8]),
)
LARGE = st.builds(lambda size, kind: frame(kind, b"a" * size), st.integers(65_000, 70_010), st.sampled_from([TEXT, 2]))
HEADS = st.integers(0, 1 << 17).map(lambda size: b"\x82\xff" + struct.pack("!Q", size))
FRAMES = st.lists(st.one_of(MESSAGES, MESSAGES, MESSAGES, ANYTHING, LARGE, HEADS), min_size=1, max_size=8)


@st.composite
def reads_of(draw: st.DrawFn) -> list[bytes]:
    """Frames as reads bring them: some alone, some together, some cut anywhere."""
    frames = draw(FRAMES)
    data, ends = b"".join(frames), accumulate(len(each) for each in frames)
    kept = {end for end in ends if draw(st.integers(0, 3))}
    cuts = sorted({0, len(data), *kept, *draw(st.lists(st.integers(0, len(data)), max_size=3))})
    return [data[begin:end] for begin, end in pairwise(cuts)]


@given(reads=reads_of())
@example(reads=[frame(BINARY, b"a"), frame(TEXT, b"\xff")])
@example(reads=[frame(BINARY, b"a")[:2], frame(BINARY, b"a")[2:], frame(BINARY, b"b")])
@example(reads=[frame(BINARY, b"a", last=False), frame(PING, b"?"), frame(BINARY, b"b")])
@example(reads=[frame(BINARY, b"a", last=False), frame(0, b"b"), frame(BINARY, b"c")])
@example(reads=[frame(TEXT, b"1"), frame(TEXT, b"2") + frame(BINARY, b"3"), frame(BINARY, b"4"), frame(CLOSE, b"")])
@example(reads=[frame(CLOSE, b"\x03\xe8"), frame(BINARY, b"late")])
@example(reads=[frame(BINARY, b"a", reserved=4)])
@example(reads=[frame(BINARY, b"a", masked=False)])
@example(reads=[frame(BINARY, bytes(MOST_BYTES + 1))])
def test_the_same_as_the_library_alone(reads: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        compared(reads, monkeypatch)


def test_frames_that_come_together_are_cut_until_it_is_enough_or_something_else_comes() -> None:
    data = frame(BINARY, b"1") * 3 + frame(PING, b"?")
    messages, rest = whole_messages(memoryview(data), MOST_BYTES, 1000)
    assert messages == [b"1"] * 3 and rest == frame(PING, b"?")
    messages, rest = whole_messages(memoryview(data), MOST_BYTES, 8)
    assert messages == [b"1"] * 2 and rest == frame(BINARY, b"1") + frame(PING, b"?")
    messages, rest = whole_messages(memoryview(data)[:-8], MOST_BYTES, 1000)
    assert messages == [b"1"] * 2 and rest == frame(BINARY, b"1")[:-1]


@given(st.one_of(SAID, st.binary(min_size=120, max_size=130)), MASKS)
def test_a_message_is_read_whole(data: bytes, mask: bytes) -> None:
    assert whole_message(frame(BINARY, data, mask=mask), MOST_BYTES) == data
    assert whole_message(frame(BINARY, data, mask=mask), len(data)) == data
    assert whole_message(frame(BINARY, data + b"!", mask=mask), len(data)) is None
    assert whole_message(frame(BINARY, data, mask=mask)[:-1], MOST_BYTES) is None
    assert whole_message(frame(BINARY, data, mask=mask) + b"\x82", MOST_BYTES) is None


@pytest.mark.parametrize("reads", ([frame(BINARY, b"1"), frame(TEXT, b"2")], [frame(BINARY, b"1") * 3]))
def test_nothing_is_taken_behind_a_goodbye(reads: list[bytes]) -> None:
    assert asyncio.run(outcome(reads, goodbye=True)) == ([], b"\x88\x02\x03\xe8", False)


def test_messages_that_are_whole_frames_do_not_need_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    fed: list[bytes] = []
    feed = StreamReader.feed_data

    def watched(reader: StreamReader, data: bytes) -> None:
        fed.append(data)
        feed(reader, data)

    monkeypatch.setattr(StreamReader, "feed_data", watched)
    together = frame(BINARY, b"1") + frame(TEXT, b"2") + frame(BINARY, b"3")
    reads = [frame(BINARY, bytes(1920)), frame(TEXT, b"hello"), frame(BINARY, b""), together + frame(PING, b"?")]
    assert asyncio.run(outcome(reads))[0] == [bytes(1920), "hello", b"", b"1", "2", b"3"]
    assert fed == [UPGRADE, frame(PING, b"?")]


@given(st.one_of(st.text(max_size=130), st.binary(max_size=130), st.sampled_from([b"a" * 65_535, "b" * 65_536])))
def test_what_is_sent_is_what_the_library_would_send(message: str | bytes) -> None:
    kind, data = (Opcode.TEXT, message.encode()) if isinstance(message, str) else (Opcode.BINARY, message)
    assert frame_of(message) == Frame(kind, data).serialize(mask=False)
