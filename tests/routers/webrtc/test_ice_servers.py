"""STUN and TURN servers that do not help: calls are answered without them, operators are told, nothing is left."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from pathlib import Path

import pytest
from aioice import Connection
from structlog.testing import capture_logs

from routers.webrtc import ports
from routers.webrtc.ports import Site, gather

pytestmark = pytest.mark.socket

LOOPBACK = Site(("127.0.0.1",), None, None)


async def test_one_that_does_not_answer_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "GATHER_SECONDS", 0.05)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        before = files()
        connection = Connection(True, turn_server=silent.getsockname(), turn_username="a", turn_password="b")
        with capture_logs() as logs:
            found = await gather(connection, LOOPBACK, 1)
        assert [each.type for each in found] == ["host"]
        assert [(line["server"], line["error"]) for line in logs] == [("turn", "TimeoutError")]
        await connection.close()
        await asyncio.sleep(0)
        assert files() == before


async def test_a_call_that_is_given_up_while_they_are_asked_leaves_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        before = files()
        connection = Connection(True, turn_server=silent.getsockname(), turn_username="a", turn_password="b")
        asking = asyncio.create_task(gather(connection, LOOPBACK, 1))
        await asyncio.get_running_loop().run_in_executor(None, partial(silent.recv, 100))
        asking.cancel()
        with capture_logs() as logs:
            await asyncio.wait([asking])
            await connection.close()
            await asyncio.sleep(0)
        assert not logs and files() == before


def files() -> int:
    return len([each for each in Path("/proc/self/fd").iterdir() if "socket" in str(each.resolve())])
