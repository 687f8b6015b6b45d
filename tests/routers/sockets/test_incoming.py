"""Messages of a socket that are done with where they are read, and by any server that knows ASGI alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

import pytest
from fastapi import FastAPI, WebSocket
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import get_contextvars
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from middleware.serving.extensions import DIRECT
from routers.sockets.connection_limiter import ConnectionLimiter
from routers.sockets.messages import Messages
from routers.sockets.read_loop import read_messages
from routers.sockets.socket import Socket, accepted
from stts.errors import Conflict
from stts.settings import LimitSettings, Settings
from tests import patient
from tests.middleware.edge.apps import behind_edge
from tests.patient import PATIENCE
from tests.serving import serving

pytestmark = pytest.mark.socket


class Order(BaseModel):
    type: Literal["wait", "tell", "fail"]


class Listener:
    """Hears audio, at once where it may, and tells what it has heard and how."""

    def __init__(self, **limits: float) -> None:
        self.settings = Settings(limits=LimitSettings.model_validate(limits))
        self.places = ConnectionLimiter(lambda: self.settings)
        self.heard: list[tuple[str, bytes]] = []
        self.ids: set[str | None] = set()
        self.has_room = True
        self.waiting = asyncio.Event()
        self.gate = asyncio.Event()
        """Gate that the session waits for when it is told to."""

    async def __call__(self, websocket: WebSocket) -> None:
        async with accepted(websocket, self.places) as socket:
            await self.read(socket)

    async def read(self, socket: Socket) -> None:
        async def obey(order: Order) -> None:
            if order.type == "wait":
                self.waiting.set()
                await self.gate.wait()
            elif order.type == "fail":
                raise Conflict("Not now.")
            else:
                await socket.send_json({"heard": [[how, data.hex()] for how, data in self.heard]})

        async def hear(data: bytes) -> None:
            self.heard.append(("in turn", data))

        await read_messages(socket, Messages(Order), obey, hear, self.hear_now)

    def hear_now(self, data: bytes) -> bool:
        if not self.has_room:
            return False
        self.ids.add(get_contextvars().get("request_id"))
        self.heard.append(("at once", data))
        return True


def without_direct(app: ASGIApp) -> ASGIApp:
    """As other servers would serve it."""

    async def plain(scope: Scope, receive: Receive, send: Send) -> None:
        scope.get("extensions", {}).pop(DIRECT, None)
        await app(scope, receive, send)

    return plain


@asynccontextmanager
async def opened(listener: Listener, *, direct: bool = True) -> AsyncIterator[str]:
    app = FastAPI()
    app.add_api_websocket_route("/ws", listener.__call__)
    edge = behind_edge(app, listener.settings)
    async with serving(edge if direct else without_direct(edge)) as port:
        yield f"ws://127.0.0.1:{port}/ws"


async def told(client: ClientConnection) -> list[list[str]]:
    await client.send('{"type": "tell"}')
    event = json.loads(await asyncio.wait_for(client.recv(), PATIENCE))
    found: list[list[str]] = event["heard"]
    return found


both = pytest.mark.parametrize("direct", [True, False])


@both
async def test_audio_that_nothing_waits_before_is_heard_at_once(direct: bool) -> None:
    listener = Listener()
    async with (
        opened(listener, direct=direct) as url,
        patient.connect(url, additional_headers={"X-Request-ID": "mine"}) as client,
    ):
        assert await told(client) == []
        await client.send(b"\x01")
        assert await told(client) == [["at once", "01"]]
        await client.send(b"\x02")
        assert await told(client) == [["at once", "01"], ["at once", "02"]]
    assert listener.ids == {"mine"}


@both
async def test_what_comes_behind_something_that_waits_keeps_its_turn(direct: bool) -> None:
    listener = Listener()
    async with opened(listener, direct=direct) as url, patient.connect(url) as client:
        await client.send(b"\x01")
        await client.send('{"type": "wait"}')
        await asyncio.wait_for(listener.waiting.wait(), PATIENCE)
        for number in range(2, 6):
            await client.send(bytes([number]))
        await asyncio.wait_for(await client.ping(), PATIENCE)
        assert [data for _, data in listener.heard] == [b"\x01"]
        listener.gate.set()
        heard = await told(client)
        assert [data for _, data in heard] == ["01", "02", "03", "04", "05"]
        assert [how for how, _ in heard[1:]] == ["in turn"] * 4
        await client.send(b"\x06")
        assert (await told(client))[-1] == ["at once", "06"]


@both
async def test_without_room_it_is_heard_in_its_turn(direct: bool) -> None:
    listener = Listener()
    listener.has_room = False
    async with opened(listener, direct=direct) as url, patient.connect(url) as client:
        assert await told(client) == []
        await client.send(b"\x01")
        assert await told(client) == [["in turn", "01"]]


@both
async def test_an_error_of_one_message_is_told_between_others(direct: bool) -> None:
    listener = Listener()
    async with opened(listener, direct=direct) as url, patient.connect(url) as client:
        await client.send(b"\x01")
        await client.send('{"type": "fail"}')
        await client.send(b"\x02")
        assert json.loads(await asyncio.wait_for(client.recv(), PATIENCE))["code"] == "conflict"
        assert [data for _, data in await told(client)] == ["01", "02"]


@both
async def test_what_waits_on_the_disk_comes_in_order_and_others_behind_it(direct: bool) -> None:
    listener = Listener()
    async with opened(listener, direct=direct) as url, patient.connect(url, max_size=None) as client:
        await client.send('{"type": "wait"}')
        sent = [bytes([number]) * 200_000 for number in range(20)]
        for data in sent:
            await client.send(data)
        await asyncio.wait_for(await client.ping(), PATIENCE)
        listener.gate.set()
        await client.send(b"last")
        await told(client)
        assert [data for _, data in listener.heard] == [*sent, b"last"]
    assert listener.places.spools.taken == 0


@both
async def test_commands_without_end_behind_one_that_waits_end_the_session(direct: bool) -> None:
    listener = Listener(spool_mib=1)
    async with opened(listener, direct=direct) as url, patient.connect(url) as client:
        await client.send('{"type": "wait"}')
        order = '{"type": "tell"' + " " * 400 + "}"
        with suppress(ConnectionClosed):  # before all are sent
            for _ in range(4_000):
                await client.send(order)
        event = json.loads(await asyncio.wait_for(client.recv(), PATIENCE))
        assert event["code"] == "payload_too_large" and event["fatal"]


@both
async def test_the_code_of_the_clients_close_is_told(direct: bool) -> None:
    listener = Listener()
    with capture_logs() as logs:
        async with opened(listener, direct=direct) as url, patient.connect(url) as client:
            await told(client)
            await client.close(4001)
    assert [each["close_code"] for each in logs if each["event"] == "socket"] == [4001]


@both
async def test_what_nobody_foresaw_ends_the_session_and_is_logged(direct: bool) -> None:
    class Broken(Listener):
        def hear_now(self, data: bytes) -> bool:
            raise RuntimeError("broken")

    listener = Broken()
    with capture_logs() as logs:
        async with opened(listener, direct=direct) as url, patient.connect(url) as client:
            await told(client)
            await client.send(b"\x01")
            await asyncio.wait_for(client.wait_closed(), PATIENCE)
            assert client.close_code == 1011
    assert [each["error"] for each in logs if each["event"] == "unexpected error"] == ["RuntimeError"]
