"""systemd is told what the server does, on a socket as it makes one."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from middleware.serving.lifecycle import Lifecycle
from middleware.serving.service_manager import ServiceManager, told
from tests.patience import PATIENCE
from tests.skipping import skip

pytestmark = pytest.mark.socket


class Manager:
    """Receives as systemd does."""

    def __init__(self, name: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{name[1:]}" if name.startswith("@") else name)
        self._socket.setblocking(False)

    def close(self) -> None:
        self._socket.close()

    async def heard(self) -> str:
        async with asyncio.timeout(PATIENCE):
            return (await asyncio.get_running_loop().sock_recv(self._socket, 1000)).decode().partition("\n")[0]


@pytest.fixture(params=["file", "abstract"])
def name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "file" else f"@stts-test-{os.getpid()}"


@pytest.fixture
def manager(name: str) -> Iterator[Manager]:
    manager = Manager(name)
    yield manager
    manager.close()


async def test_it_is_told_what_happens(name: str, manager: Manager) -> None:
    environ = {"NOTIFY_SOCKET": name, "OTHER": "stays"}
    ours = ServiceManager.of(environ)
    assert environ == {"OTHER": "stays"}
    lifecycle = Lifecycle()
    async with told(ours, lifecycle):
        lifecycle.answering.set()
        assert await manager.heard() == "READY=1"
        lifecycle.stop()
        assert await manager.heard() == "STOPPING=1"


async def test_it_is_told_that_the_loop_turns_also_while_clients_are_served_to_the_end(
    name: str, manager: Manager
) -> None:
    environ = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}
    lifecycle = Lifecycle()
    async with told(ServiceManager.of(environ), lifecycle):
        lifecycle.answering.set()
        assert await manager.heard() == "READY=1"
        for _ in range(2):
            await asyncio.sleep(0)
            skip(20.5)
            assert await manager.heard() == "WATCHDOG=1"
        lifecycle.stop()
        assert await manager.heard() == "STOPPING=1"
        await asyncio.sleep(0)
        skip(20.5)
        assert await manager.heard() == "WATCHDOG=1"


@pytest.mark.parametrize(
    "environ", [{}, {"NOTIFY_SOCKET": ""}, {"WATCHDOG_USEC": "60000000"}, {"WATCHDOG_PID": str(os.getpid())}]
)
async def test_nobody_is_told_where_systemd_has_not_started_it(environ: dict[str, str]) -> None:
    assert ServiceManager.of(environ) is None
    async with told(None, Lifecycle()):
        pass


async def test_another_process_is_not_watched(name: str) -> None:
    environ = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}
    ours = ServiceManager.of(environ)
    assert ours is not None and ours._watchdog_seconds is None


async def test_a_manager_that_has_gone_does_not_matter(tmp_path: Path) -> None:
    lifecycle = Lifecycle()
    with structlog.testing.capture_logs() as lines:
        lifecycle.answering.set()
        lifecycle.stop()
        await ServiceManager(str(tmp_path / "nowhere"), None).follow(lifecycle)
    assert [line["event"] for line in lines] == ["service_manager_unreached"] * 2
