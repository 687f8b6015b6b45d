"""Clients that read nothing, or answer no ping, on a real socket: their session ends, and nobody else notices."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from benchmarks.websocket import frame
from routers.compat.live import outgoing
from routers.compat.live.link import OutputFrame
from routers.compat.live.outgoing import SILENT_MS, Outgoing
from routers.compat.live.state import LiveState
from tests.patient import PATIENCE
from tests.routers.compat.live.conftest import Served, serving
from tests.routers.compat.live.talk import RATE, Talk
from tests.stts.conversation.caller import World

pytestmark = [pytest.mark.socket, pytest.mark.long]

SMALL = 4096
"""Bytes that the systems of both ends keep; they double it."""
MOST_MS = 3000
START = '{"type": "session.start", "session": {"model": "gpt-live-1"}}'
LONG = "one two three four five six seven eight nine ten " * 8
SAY = '{"type": "session.commentary.append", "delegation_id": null, "content": "' + LONG + '"}'


class Bare:
    """A client without a library: it answers nothing, and reads when it is told to."""

    def __init__(self, plain: socket.socket) -> None:
        self._socket = plain

    async def send(self, message: str) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, frame(message))

    async def read(self) -> bytes:
        """Returns what there is; nothing at the end. Raises ConnectionError."""
        async with asyncio.timeout(PATIENCE):
            return await asyncio.get_running_loop().sock_recv(self._socket, SMALL)


@asynccontextmanager
async def bare(served: Served) -> AsyncIterator[Bare]:
    host, port = served.url.removeprefix("http://").split(":")
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, (host, int(port)))
        head = (
            f"GET /v1/live/sessions HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        await asyncio.get_running_loop().sock_sendall(plain, head.encode())
        client = Bare(plain)
        assert (await client.read()).startswith(b"HTTP/1.1 101")
        yield client


def waiting(queue: Outgoing) -> tuple[int, int]:
    """Milliseconds of silence and of speech."""
    frames = [each for each in list(queue._waiting) if isinstance(each, OutputFrame)]
    lengths = [[each.end_ms - each.start_ms for each in frames if each.silent is silent] for silent in (True, False)]
    return sum(lengths[0]), sum(lengths[1])


async def ended(served: Served, sessions: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(served.running_sessions) > sessions:  # noqa: ASYNC110 - it ends in another thread
            await asyncio.sleep(0.05)


def kept_pace(talk: Talk) -> None:
    """Checks that what came lasts about as long as it took to come: half as long on a machine that is very busy."""
    took = talk.audio[-1][0] - talk.audio[0][0]
    seconds = sum(len(data) for _, data in talk.audio[:-1]) / 2 / RATE
    assert seconds > took / 2


async def test_a_client_that_reads_nothing_loses_silence_then_speech_then_its_session(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "MOST_MS", MOST_MS)
    monkeypatch.setattr("routers.compat.live.session.GOODBYE_SECONDS", 0.5)
    found: list[tuple[int, int]] = []
    with capture_logs() as logs, serving(world, buffer_bytes=SMALL, options={"ws_ping_interval": None}) as served:
        async with served.talk() as talk, bare(served) as client:
            await talk.start()
            listening = asyncio.create_task(_listen(talk))
            await client.send(START)
            state = await _started(served, talk)
            begun = time.monotonic()
            while time.monotonic() - begun < 4 or not found[-1][0]:
                found.append(waiting(state.outgoing))
                await asyncio.sleep(0.05)
            assert max(found) == (SILENT_MS, 0)  # bounded, and the session goes on
            assert state.reason is None
            for _ in range(3):
                await client.send(SAY)
            while not state.over.is_set():
                found.append(waiting(state.outgoing))
                await asyncio.sleep(0.02)
            assert state.reason == "connection_lost"
            assert max(silent + spoken for silent, spoken in found) <= MOST_MS
            full = next(place for place, (_, spoken) in enumerate(found) if spoken > SILENT_MS)
            assert all(not silent for silent, _ in found[full:])
            await ended(served, 1)
            listening.cancel()
            await asyncio.wait([listening])
            kept_pace(talk)
    lost = [line for line in logs if line["event"] == "live_session_ended" and line["behind"]]
    assert [line["reason"] for line in lost] == ["connection_lost"]


async def test_a_client_that_answers_no_ping_is_let_go(world: World) -> None:
    options = {"ws_ping_interval": 0.5, "ws_ping_timeout": 4.0}
    with capture_logs() as logs, serving(world, options=options) as served:
        async with served.talk() as talk, bare(served) as client:
            await talk.start()
            await client.send(START)
            await _started(served, talk)
            listening = asyncio.create_task(_listen(talk))
            while await _more(client):
                pass
            await ended(served, 1)
            listening.cancel()
            await asyncio.wait([listening])
            kept_pace(talk)
            assert len(served.running_sessions) == 1
            assert [line["reason"] for line in logs if line["event"] == "live_session_ended"] == ["connection_lost"]


async def _more(client: Bare) -> bool:
    try:
        return bool(await client.read())
    except ConnectionError:
        return False


async def _listen(talk: Talk) -> None:
    while True:
        await talk.next()


async def _started(served: Served, first: Talk) -> LiveState:
    """The session that is not the first one."""
    async with asyncio.timeout(PATIENCE):
        while len(served.running_sessions) < 2:  # noqa: ASYNC110 - it starts in another thread
            await asyncio.sleep(0.02)
    known = first.of("session.started")[0]["session"]["id"]
    sessions: dict[str, Any] = served.running_sessions._sessions
    state = next(state for id, state in list(sessions.items()) if id != known)
    assert isinstance(state, LiveState)
    return state
