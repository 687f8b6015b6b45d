"""On real sockets: connections, and the requests on them, are freed when they end, without the garbage collector."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from middleware.serving.extensions import DIRECT
from middleware.serving.http_head import BoundedHead
from tests import patient
from tests.middleware.edge.apps import Raw
from tests.patient import PATIENCE
from tests.serving import serving
from tests.uncollected import freed, uncollected

pytestmark = pytest.mark.socket

GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Watched(BoundedHead):
    protocols_gone: list[asyncio.Event]
    requests_gone: list[asyncio.Event]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.protocols_gone.append(freed(self))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.requests_gone.append(freed(cycle))
        super()._start_asgi_task(cycle, app)


@pytest.fixture(autouse=True)
def watched() -> type[Watched]:
    Watched.protocols_gone, Watched.requests_gone = [], []
    return Watched


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["query_string"] == b"hang":
        while (await receive())["type"] != "http.disconnect":
            pass
    else:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


async def test_requests_and_their_connection_are_freed(watched: type[Watched]) -> None:
    with uncollected():
        async with serving(answer, http=watched) as port:
            async with Raw.open(port) as raw:
                for number in range(3):
                    await raw.send(GET)
                    assert (await raw.answer())[0] == 200
                    # The last one of a connection stays until the next.
                    assert [each.is_set() for each in watched.requests_gone] == [True] * number + [False]
            await asyncio.wait_for(watched.protocols_gone[0].wait(), PATIENCE)
            assert all(each.is_set() for each in watched.requests_gone)


async def test_a_request_whose_client_leaves_is_freed(watched: type[Watched]) -> None:
    with uncollected():
        async with serving(answer, http=watched) as port:
            async with Raw.open(port) as raw:
                await raw.send(GET.replace(b"/ ", b"/?hang "))
            await asyncio.wait_for(watched.protocols_gone[0].wait(), PATIENCE)
            assert all(each.is_set() for each in watched.requests_gone)


async def test_a_socket_is_freed(watched: type[Watched]) -> None:
    gone: list[asyncio.Event] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        gone.append(freed(scope["extensions"][DIRECT]))
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": "Hello."})

    with uncollected():
        async with serving(app, http=watched) as port:
            async with patient.connect(f"ws://127.0.0.1:{port}/") as client:
                await client.send("Hello.")
                assert await asyncio.wait_for(client.recv(), PATIENCE) == "Hello."
                assert watched.protocols_gone[0].is_set()  # what read its request
            await asyncio.wait_for(gone[0].wait(), PATIENCE)
