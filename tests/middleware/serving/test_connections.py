"""Bounds on connections: counted without a socket, and kept on real ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import pytest
import structlog.testing

from middleware.serving import http_head as protocol
from middleware.serving.connections import (
    FULL,
    LOG_SECONDS,
    SLOW,
    STUCK_SECONDS,
    Connections,
    connections_of,
)
from middleware.serving.file_limit import SPARE_CONNECTIONS, files_wanted, most_connections, wyoming_files
from middleware.serving.http_head import BoundedHead
from middleware.serving.load import BUSY, CLOSED, RESTING, Load
from middleware.serving.websocket_frames import BoundedFrames
from stts.access.networks import network_of
from stts.settings import LimitSettings, WyomingSettings
from tests import patient
from tests.middleware.edge.apps import Raw, app_with, settings
from tests.serving import route_table_of, serving

HEALTH = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
VOICES = b"GET /voices HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HERE, THERE = "192.0.2.1", "192.0.2.2"


class Wire(asyncio.Transport):
    """A transport that leads nowhere."""

    def __init__(self, unsent: int = 0) -> None:
        super().__init__()
        self.unsent = unsent
        self.is_cut = False

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.is_cut = True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def at_work(among: Connections, address: str) -> Wire:
    wire = Wire()
    assert among.enter(wire, address)
    among.works(wire)
    return wire


def test_whoever_has_waited_longest_makes_room() -> None:
    among, wires = Connections(3, 3), [Wire() for _ in range(4)]
    for wire in wires[:3]:
        assert among.enter(wire, HERE)
    among.works(wires[0])
    among.waits(wires[0])
    assert among.enter(wires[3], HERE)
    assert [wire.is_cut for wire in wires] == [False, True, False, False]
    assert len(among) == 3


def test_whoever_is_at_work_stays_and_the_new_one_is_beyond() -> None:
    among = Connections(2, 2)
    busy = [at_work(among, HERE) for _ in range(2)]
    late = Wire()
    assert not among.enter(late, THERE)
    among.leave(busy[0])
    among.leave(busy[0])
    assert among.enter(Wire(), THERE)
    assert not any(wire.is_cut for wire in (*busy, late))


def test_those_beyond_are_few_the_oldest_goes() -> None:
    among = Connections(1, 1)
    at_work(among, HERE)
    wires = [Wire() for _ in range(SPARE_CONNECTIONS + 2)]
    for wire in wires:
        assert not among.enter(wire, THERE)
    assert [wire.is_cut for wire in wires[:3]] == [True, True, False]
    assert len(among) == 1 + SPARE_CONNECTIONS


def test_one_network_has_its_share_only() -> None:
    among = Connections(10, 2)
    waiting = Wire()
    assert among.enter(waiting, THERE)
    for _ in range(2):
        at_work(among, HERE)
    assert not among.enter(Wire(), HERE)
    assert not waiting.is_cut
    assert among.enter(Wire(), "127.0.0.1")


def test_what_rests_is_hardly_a_load() -> None:
    load = Load()
    among, wire = Connections(1, 1, load=load), Wire()
    among.enter(wire, HERE)
    assert load.value == BUSY
    among.works(wire)
    among.works(wire)
    assert load.value == BUSY
    among.waits(wire)
    among.waits(wire)
    assert load.value == RESTING
    among.works(wire)
    assert load.value == BUSY
    beyond = Wire()
    assert not among.enter(beyond, HERE)
    among.waits(beyond)
    assert load.value == 2 * BUSY
    for each in (beyond, wire, wire):
        among.waits(each)
        among.leave(each)
    assert load.value == 0


def test_who_is_expected_counts_once() -> None:
    load = Load()
    among, wire = Connections(1, 1, load=load), Wire()
    load.expect()
    load.expect()
    assert load.value == 2 * BUSY
    among.enter(wire, HERE)
    load.miss()
    assert load.value == BUSY
    load.close()
    load.close()
    among.leave(wire)
    assert load.value == CLOSED
    load.open()
    assert load.value == 0


def test_an_answer_on_its_way_is_not_cut_until_it_is_stuck() -> None:
    clock = Clock()
    among = Connections(1, 1, clock)
    assert among.enter(Wire(unsent=100), HERE)
    assert not among.enter(Wire(), HERE)
    clock.now = STUCK_SECONDS + 1
    assert among.enter(Wire(), HERE)


def test_one_line_tells_of_many() -> None:
    clock = Clock()
    among = Connections(1, 1, clock)
    with structlog.testing.capture_logs() as lines:
        for _ in range(600):
            among.log_refusals(SLOW)
        assert len(lines) == 1
        among.log_refusals(FULL)
        clock.now = LOG_SECONDS
        among.log_refusals(FULL)
    assert [(line["event"], line["log_level"], line.get("slow"), line.get("full")) for line in lines] == [
        ("connections_cut", "warning", 1, None),
        ("connections_cut", "warning", 599, 2),
    ]


def test_the_line_says_what_the_system_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("middleware.serving.connections.file_limit", lambda: 256)
    monkeypatch.setattr("middleware.serving.file_limit.file_limit", lambda: 256)
    among = connections_of(LimitSettings(), 0)
    with structlog.testing.capture_logs() as lines:
        among.log_refusals(FULL)
    assert (lines[0]["files"], lines[0]["wanted"], lines[0]["most"]) == (256, 4128, 64)
    assert "ulimit -n 4128" in lines[0]["mend"]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        (None, ""),
        ("/run/socket", ""),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_what_counts_as_one_client(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_a_small_file_limit_leaves_fewer_connections() -> None:
    limits, others = LimitSettings(connections=1000), wyoming_files(WyomingSettings(enabled=True))
    wanted = files_wanted(limits, others)
    assert most_connections(limits, others, wanted) == 1000
    assert most_connections(limits, others, wanted - 200) == 900
    assert most_connections(limits, others, 0) == 16
    assert most_connections(LimitSettings(connections=5), 0, 0) == 5
    assert connections_of(LimitSettings(connections=8), 0).most == 8


@asynccontextmanager
async def bounded(most: int, **limits: Any) -> AsyncIterator[tuple[int, Connections]]:
    """The port of a server with so many connections, and these."""
    among = Connections(most, most)
    app = app_with(settings(limits=limits))
    http = partial(BoundedHead, connections=among, table=route_table_of(app))
    ws = partial(BoundedFrames, connections=among)
    async with serving(app, http, ws=ws) as port:  # type: ignore[arg-type]
        yield port, among


async def status_of(port: int, request: bytes) -> tuple[int, dict[str, str], bytes]:
    async with Raw.open(port) as raw:
        await raw.send(request)
        return await raw.answer()


@pytest.mark.socket
@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nX: "])
async def test_heads_that_do_not_come_make_room_for_those_that_do(start: bytes) -> None:
    async with bounded(4) as (port, among), AsyncExitStack() as stack:
        for _ in range(20):
            raw = await stack.enter_async_context(Raw.open(port))
            await raw.send(start)
        for _ in range(3):
            assert (await status_of(port, VOICES))[0] == 200
        assert len(among) <= 4


@pytest.mark.socket
async def test_under_bodies_that_do_not_come_health_is_answered_and_the_rest_is_told() -> None:
    with structlog.testing.capture_logs() as lines:
        async with bounded(4) as (port, _), AsyncExitStack() as stack:
            slow = [await stack.enter_async_context(Raw.open(port)) for _ in range(4)]
            for raw in slow:
                await raw.post("/files", "Content-Length: 100", b"x")
            while (refused := await status_of(port, VOICES))[0] == 200:
                pass  # until the server has read the heads of all
            status, headers, body = refused
            assert (status, headers["retry-after"], headers["connection"]) == (503, "5", "close")
            assert b'"code": "busy"' in body
            status, headers, _ = await status_of(port, HEALTH)
            assert (status, headers["connection"]) == (200, "close")
            await slow[0].send(b"x" * 99)
            assert (await slow[0].answer())[0] == 200
            assert (await status_of(port, VOICES))[0] == 200
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["connections_cut"]


@pytest.mark.socket
@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([b"GET /voices HTTP/1.1\r\nX: "], 503),
        ([b"GET /voi", b"ces HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"], 503),
        ([b"no HTTP at all\r\n"], 503),
        ([b"GET /hea", b"lth HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"], 200),
        ([b"\r\nGET /health?x HTTP/1.1\r\n", b"Host: 127.0.0.1\r\n\r\n"], 200),
    ],
)
async def test_one_too_many_is_told_apart_by_its_address_however_its_head_is_cut(
    pieces: list[bytes], status: int
) -> None:
    """Refused connections are not read any further: hundreds of them must not hold up whoever asks for health."""
    async with bounded(1) as (port, _), patient.connect(f"ws://127.0.0.1:{port}/ws"), Raw.open(port) as raw:
        for piece in pieces:
            await raw.send(piece)
            await asyncio.sleep(0.01)
        assert (await raw.answer())[0] == status


@pytest.mark.socket
async def test_slow_bodies_are_told_in_one_warning() -> None:
    with structlog.testing.capture_logs() as lines:
        async with bounded(10, body_seconds=0.05) as (port, _), AsyncExitStack() as stack:
            slow = [await stack.enter_async_context(Raw.open(port)) for _ in range(6)]
            for raw in slow:
                await raw.post("/files", "Content-Length: 100", b"x")
            assert [(await raw.answer())[0] for raw in slow] == [408] * 6
    warnings = [line for line in lines if line["log_level"] == "warning"]
    assert [(line["event"], line["slow"]) for line in warnings] == [("connections_cut", 1)]


@pytest.mark.socket
async def test_a_head_that_stops_half_way_is_told_and_silence_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    with structlog.testing.capture_logs() as lines:
        async with bounded(10) as (port, _), Raw.open(port) as silent:
            assert await silent.closed()
            assert lines == []
            while not lines:  # on a busy machine its time may be up before it has said a word
                async with Raw.open(port) as raw:
                    await raw.send(b"GET /voices HTTP/1.1\r\nX: y\r\n")
                    assert await raw.closed()
    assert [line["event"] for line in lines] == ["connections_cut"]


@pytest.mark.socket
async def test_all_are_given_back() -> None:
    async with bounded(4) as (port, among):
        async with Raw.open(port) as raw:
            for _ in range(3):
                await raw.send(VOICES)
                assert (await raw.answer())[0] == 200
            assert len(among) == 1
        for _ in range(6):
            async with patient.connect(f"ws://127.0.0.1:{port}/ws") as socket:
                await socket.send("hello")
                assert await socket.recv() == "hello"
                assert len(among) >= 1
    assert len(among) == 0


@pytest.mark.socket
async def test_a_socket_is_at_work_as_long_as_it_is_open() -> None:
    async with bounded(1) as (port, _), patient.connect(f"ws://127.0.0.1:{port}/ws") as socket:
        assert (await status_of(port, VOICES))[0] == 503
        assert (await status_of(port, HEALTH))[0] == 200
        await socket.send("still here")
        assert await socket.recv() == "still here"
