"""Workers share connections evenly: several of them in one process, each with its own socket at one address."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest

from middleware.serving.listening import sharing
from middleware.serving.load import BUSY, CLOSED
from middleware.serving.workers.channel import Channel, Message, channel_pair
from middleware.serving.workers.count import is_possible
from middleware.serving.workers.load_page import new_page
from middleware.serving.workers.other import LEFT, MOST_ASKED, TAKE, TAKEN
from middleware.serving.workers.sharing import Sharing
from tests import patient
from tests.patience import PATIENCE
from tests.routers.compat.elevenlabs.official import certificate

pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(not is_possible(), reason="an address is shared on Linux alone"),
]


@pytest.fixture
def own(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The context of a server that speaks TLS, and one of clients that trust it."""
    given = certificate(tmp_path)
    assert given.tls_certificate is not None
    speaks = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    speaks.load_cert_chain(given.tls_certificate, given.tls_key)
    return speaks, ssl.create_default_context(cafile=given.tls_certificate)


class Greeting(asyncio.Protocol):
    """Says the name of its worker, and stays until its client goes."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._worker.sharing.load.enter()
        self._worker.clients.append(transport.get_extra_info("peername"))
        transport.write(self._worker.name)

    def connection_lost(self, error: Exception | None) -> None:
        self._worker.sharing.load.leave()


class Worker:
    def __init__(self, name: bytes, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.name = name
        self.sharing = Sharing()
        self.clients: list[object] = []
        listens = sharing("127.0.0.1", port)
        self.port: int = listens.getsockname()[1]
        self.door = self.sharing.open(listens, lambda: Greeting(self), tls)

    @property
    def inside(self) -> int:
        return self.sharing.load.value // BUSY


def acquaint(one: Worker, other: Worker) -> None:
    near, far = channel_pair()
    one.sharing.meet(near, other.sharing.page.fileno())
    other.sharing.meet(far, one.sharing.page.fileno())


@asynccontextmanager
async def workers(count: int = 2, tls: ssl.SSLContext | None = None) -> AsyncIterator[list[Worker]]:
    found: list[Worker] = []
    for number in range(count):
        found.append(Worker(b"%d" % number, found[0].port if found else 0, tls))
        for each in found[:-1]:
            acquaint(each, found[-1])
    try:
        yield found
    finally:
        for each in found:
            each.door.close()
            await each.door.wait_closed()
            each.sharing.close()


class Clients:
    """Connections that stay open."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._port, self._tls = port, tls
        self._open: list[asyncio.StreamWriter] = []

    async def connect(self) -> bytes:
        """Returns the name of the worker that has it."""
        reader = await self.connect_only()
        async with asyncio.timeout(PATIENCE):
            return await reader.readexactly(1)

    async def connect_only(self) -> asyncio.StreamReader:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._tls)
        self._open.append(writer)
        return reader

    def addresses(self) -> set[object]:
        return {each.get_extra_info("sockname") for each in self._open}

    def close(self) -> None:
        for each in self._open:
            each.transport.abort()


async def until(found: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not found():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)


async def test_one_after_the_other_goes_to_whoever_has_fewer() -> None:
    async with workers(3) as found:
        with closing(Clients(found[0].port)) as clients:
            for number in range(12):
                await clients.connect()
                assert max(each.inside for each in found) == number // 3 + 1
            assert {each for worker in found for each in worker.clients} == clients.addresses()


async def test_many_at_once_are_shared_too() -> None:
    async with workers(2) as found:
        with closing(Clients(found[0].port)) as clients:
            await asyncio.gather(*(clients.connect() for _ in range(3 * MOST_ASKED)))
            inside = [each.inside for each in found]
            assert sum(inside) == 3 * MOST_ASKED
            # A connection that is on its way is counted at both ends for a moment.
            assert min(inside) > MOST_ASKED
        await until(lambda: not any(each.sharing.load.value for each in found))


async def test_tls_is_spoken_by_whoever_gets_it(own: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    speaks, trusts = own
    async with workers(2, speaks) as found:
        with closing(Clients(found[0].port, trusts)) as clients:
            names = [await clients.connect() for _ in range(6)]
            assert sorted(names) == [b"0"] * 3 + [b"1"] * 3


async def test_a_client_that_speaks_no_tls_is_no_load(own: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    speaks, _ = own
    async with workers(1, speaks) as (worker,):
        with patient.create_connection(("127.0.0.1", worker.port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            client.setblocking(False)
            await until(lambda: worker.inside)
            await until(lambda: not worker.inside)


async def test_a_client_of_tls_that_is_silent_is_no_load_once_its_door_is_closed(
    own: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    speaks, _ = own
    async with workers(1, speaks) as (worker,):
        with patient.create_connection(("127.0.0.1", worker.port)) as client:
            await until(lambda: worker.inside)
            worker.door.close()
            async with asyncio.timeout(PATIENCE):
                await worker.door.wait_closed()
            assert worker.sharing.load.value == CLOSED
            assert client.recv(1) == b""


async def test_of_another_that_has_gone_no_file_stays() -> None:
    async with workers(1) as (worker,):
        gc.collect()
        gc.disable()  # or files that an earlier test has left go meanwhile
        try:
            before = os.listdir("/proc/self/fd")
            for _ in range(3):
                stranger = Stranger(worker, None)
                stranger.close()
            await until(lambda: os.listdir("/proc/self/fd") == before)
        finally:
            gc.enable()


async def test_one_that_drains_gets_nobody_any_more() -> None:
    async with workers(2) as (one, other):
        with closing(Clients(one.port)) as clients:
            other.door.close()
            assert {await clients.connect() for _ in range(4)} == {one.name}


async def test_an_address_of_one_alone_is_served_by_that_one() -> None:
    async with workers(2) as (one, other):
        alone = sharing("127.0.0.1", 0)
        port = alone.getsockname()[1]
        door = one.sharing.open(alone, lambda: Greeting(one), None)
        with closing(Clients(port)) as clients:
            assert [await clients.connect() for _ in range(3)] == [one.name] * 3
        assert other.clients == []
        door.close()


class Stranger:
    """The other end of a channel: what it is asked is answered as a test says."""

    def __init__(self, worker: Worker, answer: str | None) -> None:
        near, far = channel_pair()
        self.channel = Channel(far)
        self.asked: list[Message] = []
        self._answer = answer
        self._files = ExitStack()
        with new_page() as page:
            worker.sharing.meet(near, page.fileno())
        self.channel.open(self._heard, lambda: None)

    def _heard(self, message: Message, files: list[int]) -> None:
        self.asked.append(message)
        for each in files:
            self._files.enter_context(socket.socket(fileno=each))
        if self._answer is not None:
            self.channel.send({self._answer: message[TAKE]})

    def close(self) -> None:
        self.channel.close()
        self._files.close()


async def test_what_another_does_not_take_is_served_here() -> None:
    async with workers(1) as (worker,):
        with closing(Clients(worker.port)) as clients:
            await clients.connect()
            with closing(Stranger(worker, LEFT)) as stranger:
                assert await clients.connect() == worker.name
                assert stranger.asked


async def test_what_another_had_not_taken_when_it_died_is_served_here() -> None:
    async with workers(1) as (worker,):
        with closing(Clients(worker.port)) as clients:
            await clients.connect()
            with closing(Stranger(worker, None)) as stranger:
                reader = await clients.connect_only()
                await until(lambda: stranger.asked)
                assert worker.sharing.leaving == 1
                # What it had read already is done: it is no more asked, and what it held is not ended by it.
                stranger.close()
                async with asyncio.timeout(PATIENCE):
                    assert await reader.readexactly(1) == worker.name
            assert worker.sharing.leaving == 0
            assert await clients.connect() == worker.name


async def test_one_that_answers_nothing_is_not_asked_without_end() -> None:
    async with workers(1) as (worker,):
        with closing(Clients(worker.port)) as clients, closing(Stranger(worker, None)) as stranger:
            await clients.connect()
            for _ in range(3 * MOST_ASKED):
                await clients.connect_only()
            # As many as it is asked, then as many again until both are even, and all others here.
            await until(lambda: worker.sharing.leaving + worker.inside == 3 * MOST_ASKED + 1)
            assert worker.sharing.leaving <= MOST_ASKED
            assert len(stranger.asked) <= MOST_ASKED


async def test_a_connection_that_was_taken_is_let_go_of() -> None:
    async with workers(1) as (worker,):
        with closing(Clients(worker.port)) as clients:
            await clients.connect()
            with closing(Stranger(worker, TAKEN)) as stranger:
                reader = await clients.connect_only()
                await until(lambda: stranger.asked and not worker.sharing.leaving)
                stranger.close()
                async with asyncio.timeout(PATIENCE):
                    assert await reader.read(1) == b""
