"""When requests begin, without a loop: its turns are taken by hand."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import pytest
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from middleware.edge.dialect import PLAIN
from middleware.edge.route_table import RouteTable
from middleware.serving.http_head import BoundedHead
from middleware.serving.starts import TURNS_OF_ARRIVALS, Starts
from stts.access.policy import RouteKind, policy
from tests import patient
from tests.serving import serving

pytestmark = pytest.mark.socket

TOGETHER = 40


class Turns:
    """A loop that turns when it is told to."""

    def __init__(self) -> None:
        self._next: list[Callable[[], None]] = []

    def later(self, call: Callable[[], None]) -> None:
        self._next.append(call)

    def turn(self) -> None:
        calls, self._next = self._next, []
        for call in calls:
            call()

    @property
    def rests(self) -> bool:
        return not self._next


def test_a_start_that_fails_holds_up_no_other() -> None:
    turns, starts, begun = Turns(), Starts(), []
    starts.arrived(turns.later)
    starts.begin(lambda: begun.append(1 // 0))
    starts.begin(lambda: begun.append(2))
    with pytest.raises(ZeroDivisionError):
        for _ in range(5):
            turns.turn()
    while not turns.rests:
        turns.turn()
    assert begun == [2]


def test_a_request_begins_at_once_where_nobody_comes() -> None:
    begun: list[str] = []
    Starts().begin(lambda: begun.append("a"))
    assert begun == ["a"]


def test_requests_of_those_who_come_together_begin_behind_the_last_one_turn_each() -> None:
    starts, loop, begun = Starts(), Turns(), list[int]()
    for number in range(5):
        starts.arrived(loop.later)
        starts.begin(partial(begun.append, number))
        loop.turn()
    assert begun == []
    for number in range(5):
        loop.turn()
        assert begun == [*range(number + 1)]
    loop.turn()
    assert len(starts) == 0
    assert loop.rests


def test_somebody_alone_waits_for_one_turn() -> None:
    starts, loop, begun = Starts(), Turns(), list[str]()
    starts.arrived(loop.later)
    loop.turn()
    starts.begin(lambda: begun.append("a"))
    loop.turn()
    assert begun == ["a"]
    assert loop.rests


def test_requests_begin_although_connections_never_stop_coming() -> None:
    starts, loop, begun = Starts(), Turns(), list[int]()
    for number in range(4 * TURNS_OF_ARRIVALS):
        starts.arrived(loop.later)
        starts.begin(partial(begun.append, number))
        loop.turn()
    assert begun == [0, 1, 2, 3]


async def test_health_overtakes_requests_that_came_before_it() -> None:
    begun: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    @policy(RouteKind.HEALTH)
    async def health() -> None: ...

    table = RouteTable({PLAIN: [Route("/health", health)]})
    one_for_all = partial(BoundedHead, starts=Starts(), table=table)
    async with serving(app, http=one_for_all) as port:  # type: ignore[arg-type]
        with ExitStack() as opened:
            # All of them wait to be accepted: the loop has had no turn since.
            clients = [opened.enter_context(_asking(port, f"/{number}")) for number in range(TOGETHER)]
            clients.append(opened.enter_context(_asking(port, "/health")))
            for client in clients:
                client.setblocking(False)
                assert b" 200 " in await asyncio.get_running_loop().sock_recv(client, 1024)
    assert len(begun) == TOGETHER + 1
    assert begun.index("/health") <= TOGETHER // 4


def _asking(port: int, path: str) -> socket.socket:
    client = patient.create_connection(("127.0.0.1", port))
    client.sendall(b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path.encode())
    return client
