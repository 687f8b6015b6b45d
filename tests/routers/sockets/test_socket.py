from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from fastapi import FastAPI, WebSocket
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from routers.sockets.connection_limiter import ConnectionLimiter
from routers.sockets.parts import until_first
from routers.sockets.socket import Socket, accepted
from stts.errors import InvalidText
from stts.settings import LimitSettings, Settings
from tests import patient
from tests.middleware.edge.apps import behind_edge
from tests.patient import PATIENCE
from tests.serving import serving

pytestmark = pytest.mark.socket


class Endpoint:
    """Echoes; a few words make it do other things. Counts the parts that run."""

    def __init__(self, **limits: float) -> None:
        self.settings = Settings(limits=LimitSettings.model_validate(limits))
        self.places = ConnectionLimiter(lambda: self.settings)
        self.parts = 0
        self.received = 0
        self.heard = asyncio.Event()
        self.gate = asyncio.Event()
        """Gate that `wait` waits for."""
        self.empty = asyncio.Event()
        self.ready = asyncio.Event()
        """Gate that the session waits for before it takes anything."""
        self.ready.set()

    async def __call__(self, websocket: WebSocket) -> None:
        async with accepted(websocket, self.places) as socket:
            try:
                await until_first(self.read(socket), self.stay())
            finally:
                if not self.parts:
                    self.empty.set()

    @asynccontextmanager
    async def inside(self) -> AsyncIterator[None]:
        self.parts += 1
        try:
            yield
        finally:
            self.parts -= 1

    async def stay(self) -> None:
        async with self.inside():
            await asyncio.Event().wait()

    async def read(self, socket: Socket) -> None:
        async with self.inside():
            await self.ready.wait()
            async for message in socket:
                self.received += 1
                self.heard.set()
                await self.answer(socket, message)

    async def answer(self, socket: Socket, message: str | bytes) -> None:
        match message:
            case "complain":
                await socket.error(InvalidText("Not this."))
            case "raise":
                raise InvalidText("Not that.", param="text", allowed=["this"])
            case "stuck":
                await asyncio.Event().wait()
            case "wait":
                await self.gate.wait()
            case "flood":
                while True:
                    await socket.send_bytes(bytes(65536))
            case "":
                pass
            case str():
                await socket.send_json({"type": "echo", "text": message})
            case bytes():
                await socket.send_bytes(message)


@asynccontextmanager
async def opened(endpoint: Endpoint) -> AsyncIterator[str]:
    app = FastAPI()
    app.add_api_websocket_route("/ws", endpoint.__call__)
    async with serving(behind_edge(app, endpoint.settings)) as port:
        yield f"ws://127.0.0.1:{port}/ws"


async def event(client: ClientConnection) -> dict[str, object]:
    event: dict[str, object] = json.loads(await asyncio.wait_for(client.recv(), PATIENCE))
    return event


async def left(client: ClientConnection) -> int | None:
    """The close code, after whatever else comes."""
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            await asyncio.wait_for(client.recv(), PATIENCE)
    return caught.value.rcvd.code if caught.value.rcvd is not None else None


async def test_text_and_bytes_come_and_go() -> None:
    endpoint = Endpoint()
    async with opened(endpoint) as url, patient.connect(url) as client:
        await client.send("hello")
        assert await event(client) == {"type": "echo", "text": "hello"}
        await client.send(b"\x00\xff")
        assert await client.recv() == b"\x00\xff"
        assert endpoint.places.open == 1
    assert endpoint.parts == 0 and endpoint.places.open == 0


async def test_an_error_of_one_message_does_not_end_the_session() -> None:
    async with opened(Endpoint()) as url, patient.connect(url, additional_headers={"X-Request-ID": "mine"}) as client:
        await client.send("complain")
        assert await event(client) == {
            "type": "error",
            "code": "invalid_text",
            "message": "Not this.",
            "retryable": False,
            "request_id": "mine",
            "fatal": False,
        }
        await client.send("hello")
        assert (await event(client))["text"] == "hello"


async def test_an_error_that_leaves_the_door_is_the_last_event() -> None:
    endpoint = Endpoint()
    async with opened(endpoint) as url, patient.connect(url) as client:
        await client.send("raise")
        last = await event(client)
        assert last["fatal"] is True and last["param"] == "text" and last["allowed"] == ["this"]
        assert await left(client) == 1008
    assert endpoint.parts == 0 and endpoint.places.open == 0


async def test_only_the_subprotocol_of_the_dialect_is_answered() -> None:
    offers = [Subprotocol("realtime"), Subprotocol("openai-insecure-api-key.secret")]
    async with opened(Endpoint()) as url:
        async with patient.connect(url, subprotocols=offers) as client:
            assert client.subprotocol == "realtime"
        async with patient.connect(url, subprotocols=offers[1:]) as client:
            assert client.subprotocol is None


async def test_without_a_place_the_socket_is_refused_before_it_is_accepted() -> None:
    async with opened(Endpoint(live_sessions=1)) as url:
        async with patient.connect(url):
            with pytest.raises(InvalidStatus) as caught:
                await patient.connect(url)
            assert caught.value.response.status_code == 503 and "Retry-After" in caught.value.response.headers
            assert caught.value.response.body is not None and b'"busy"' in caught.value.response.body
        async with patient.connect(url) as client:
            await client.send("free again")
            assert (await event(client))["text"] == "free again"


async def test_a_socket_on_which_nothing_passes_is_closed() -> None:
    endpoint = Endpoint(idle_seconds=0.05)
    async with opened(endpoint) as url, patient.connect(url) as client:
        assert (await event(client))["code"] == "idle_timeout"
        assert await left(client) == 1008
    assert endpoint.parts == 0


@pytest.mark.parametrize("message", ["hello", "stuck", "flood", b"\x00" * 100_000])
async def test_a_client_that_vanishes_leaves_nothing(message: str | bytes) -> None:
    endpoint = Endpoint()
    async with opened(endpoint) as url:
        client = await patient.connect(url)
        await client.send(message)
        client.transport.abort()
        await asyncio.wait_for(endpoint.empty.wait(), PATIENCE)
        await client.wait_closed()
    assert endpoint.parts == 0 and endpoint.places.open == 0


@pytest.mark.parametrize("message", ["hello", "stuck", "flood"])
async def test_when_the_server_stops_all_are_told_and_let_go(message: str) -> None:
    endpoint = Endpoint()
    async with opened(endpoint) as url, patient.connect(url) as client:
        await client.send(message)
        await asyncio.wait_for(endpoint.heard.wait(), PATIENCE)
        draining = asyncio.create_task(endpoint.places.drain())
        assert await left(client) == 1012
        await draining
        assert endpoint.places.open == 0 and endpoint.parts == 0
        with pytest.raises(InvalidStatus) as caught:
            await patient.connect(url)
        assert caught.value.response.body is not None and b"shutting_down" in caught.value.response.body


async def test_a_large_message_passes_and_one_that_is_too_large_ends_only_its_own_socket() -> None:
    async with opened(Endpoint()) as url, patient.connect(url, max_size=None) as other:
        async with patient.connect(url, max_size=None) as client:
            await client.send(bytes(15 * 2**20))
            assert len(await client.recv()) == 15 * 2**20
            with suppress(ConnectionClosed):
                await client.send(bytes(16 * 2**20 + 1))
            assert await left(client) == 1009
        await other.send("still here")
        assert (await event(other))["text"] == "still here"


async def test_a_flood_of_tiny_messages_starves_nobody() -> None:
    endpoint = Endpoint()
    async with opened(endpoint) as url, patient.connect(url) as flooder, patient.connect(url) as other:

        async def flood() -> None:
            for sent in range(100_000):
                await flooder.send("")
                if sent % 100 == 0:
                    await asyncio.sleep(0)  # the client shares the loop of this test
            await flooder.send("done")

        flooding = asyncio.create_task(flood())
        rounds = 0
        while not flooding.done():
            await other.send("hello")
            await event(other)
            rounds += 1
        assert await event(flooder) == {"type": "echo", "text": "done"}
        assert endpoint.received == 100_001 + rounds
        assert rounds > 10


async def test_a_socket_is_read_while_its_session_is_far_behind() -> None:
    """Pings are answered, and what was sent ahead is worked on later, in order: beyond 1 MiB it waits on the disk."""
    endpoint = Endpoint()
    async with opened(endpoint) as url, patient.connect(url, max_size=None) as client:
        await client.send("wait")
        sent = [bytes([number]) * 200_000 for number in range(20)]
        for data in sent:
            await client.send(data)
            await asyncio.wait_for(await client.ping(), PATIENCE)
        await client.send("last")
        assert endpoint.received == 1 and endpoint.places.spools.taken > 2_000_000, "the last may still be on its way"
        endpoint.gate.set()
        assert [await asyncio.wait_for(client.recv(), PATIENCE) for _ in sent] == sent
        assert (await event(client))["text"] == "last"
    assert endpoint.places.spools.taken == 0


async def test_a_socket_is_read_while_its_session_waits_for_an_engine() -> None:
    endpoint = Endpoint()
    endpoint.ready.clear()
    async with opened(endpoint) as url, patient.connect(url, max_size=None) as client:
        for word in ("one", "two", "three"):
            await client.send(word)
            await client.send(bytes(100_000))
            await asyncio.wait_for(await client.ping(), PATIENCE)
        endpoint.ready.set()
        for word in ("one", "two", "three"):
            assert (await event(client))["text"] == word
            assert await client.recv() == bytes(100_000)


async def test_what_is_answered_at_once_is_answered_though_it_came_before_the_session() -> None:
    endpoint = Endpoint()

    def at_once(message: str | bytes) -> dict[str, object] | None:
        return {"at": "once"} if message == "now" else None

    async def answering(websocket: WebSocket) -> None:
        async with accepted(websocket, endpoint.places) as socket:
            await endpoint.gate.wait()
            socket.incoming.at_once = at_once
            await endpoint.read(socket)

    app = FastAPI()
    app.add_api_websocket_route("/ws", answering)
    async with (
        serving(behind_edge(app, endpoint.settings)) as port,
        patient.connect(f"ws://127.0.0.1:{port}/ws") as client,
    ):
        await client.send("now")
        await client.send("later")
        await asyncio.wait_for(await client.ping(), PATIENCE)
        endpoint.gate.set()
        assert await event(client) == {"at": "once"}
        assert (await event(client))["text"] == "later"


async def test_audio_beyond_the_spool_is_refused_once_and_commands_are_kept() -> None:
    endpoint = Endpoint(spool_mib=1)
    async with opened(endpoint) as url, patient.connect(url, max_size=None) as client:
        await client.send("wait")
        await asyncio.wait_for(endpoint.heard.wait(), PATIENCE)
        for _ in range(20):
            await client.send(bytes(200_000))
        await client.send("command")
        refused = await event(client)
        assert (refused["code"], refused["fatal"]) == ("payload_too_large", False)
        endpoint.gate.set()
        heard = 0
        while isinstance(message := await asyncio.wait_for(client.recv(), PATIENCE), bytes):
            heard += 1
        assert json.loads(message)["text"] == "command"
        assert 0 < heard < 20, "what there was room for"
        await client.send("again")
        assert (await event(client))["text"] == "again"


async def test_a_goodbye_is_answered_when_the_place_is_free() -> None:
    endpoint = Endpoint(live_sessions=1, place_seconds=0)
    async with opened(endpoint) as url:
        for _ in range(30):
            async with patient.connect(url) as client:
                await client.send("hello")
                assert (await event(client))["text"] == "hello"
