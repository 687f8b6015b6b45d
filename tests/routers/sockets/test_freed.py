"""On real sockets: a socket and its session are freed when they end, without the garbage collector."""

from __future__ import annotations

import asyncio
import json

import pytest
from fastapi import FastAPI, WebSocket

from routers.sockets.connection_limiter import ConnectionLimiter
from routers.sockets.messages import Messages
from routers.sockets.parts import until_first
from routers.sockets.read_loop import read_messages
from routers.sockets.socket import Socket, accepted
from stts.access.allowances import QuotaExceeded
from stts.errors import InvalidText
from stts.settings import Settings
from tests import patient
from tests.middleware.edge.apps import behind_edge
from tests.patient import PATIENCE
from tests.serving import serving
from tests.uncollected import freed, uncollected

pytestmark = pytest.mark.socket


class Session:
    """Knows its socket, which knows it."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.context = socket.context("stt")
        self.at_rest = True
        socket.incoming.at_once = self.answer
        socket.quota_end.on_exceeded = self.wind_down

    async def run(self) -> None:
        await until_first(self.read(), self.stay(), self.socket.quota_end.at_rest(self))

    async def read(self) -> None:
        await read_messages(self.socket, Messages(), self.obey, self.hear, self.hear_now)

    async def stay(self) -> None:
        await asyncio.Event().wait()

    def answer(self, message: str | bytes) -> dict[str, object] | None:
        return {"type": "echo"} if message == "echo" else None

    async def obey(self, message: object) -> None:
        pass

    async def hear(self, data: bytes) -> None:
        if data == b"fail":
            self.socket.close_with(InvalidText("Not this."))
        elif data == b"quota":
            self.socket.quota_end.tell(QuotaExceeded("Enough."))
        elif data == b"flood":
            while True:
                await self.socket.send_bytes(bytes(65536))

    def hear_now(self, data: bytes) -> bool:
        return False

    def wind_down(self) -> None:
        pass


@pytest.mark.parametrize("end", [b"leave", b"abort", b"fail", b"quota", b"flood"])
async def test_a_socket_and_its_session_are_freed(end: bytes) -> None:
    limiter = ConnectionLimiter(Settings)
    gone: list[asyncio.Event] = []

    async def serve(websocket: WebSocket) -> None:
        async with accepted(websocket, limiter) as socket:
            session = Session(socket)
            gone.extend((freed(socket), freed(session)))
            await session.run()

    app = FastAPI()
    app.add_api_websocket_route("/ws", serve)
    with uncollected():
        async with serving(behind_edge(app, Settings())) as port:
            async with patient.connect(f"ws://127.0.0.1:{port}/ws") as client:
                await client.send("echo")
                assert json.loads(await asyncio.wait_for(client.recv(), PATIENCE)) == {"type": "echo"}
                await client.send(end)
                if end in (b"abort", b"flood"):
                    client.transport.abort()
                elif end != b"leave":
                    await asyncio.wait_for(client.wait_closed(), PATIENCE)
            for each in gone:
                await asyncio.wait_for(each.wait(), PATIENCE)
    assert len(gone) == 2
