"""The thread that reads what Discord sends, on sockets of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

from clients.discord.connecting import Reader
from tests.patience import PATIENCE

pytestmark = pytest.mark.clients


def pair() -> tuple[socket.socket, socket.socket]:
    """One that is read and one that is written: datagrams."""
    read, written = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    read.setblocking(False)
    return read, written


@pytest.fixture
def state() -> Iterator[SimpleNamespace]:
    """A connection as the reader knows it: its socket."""
    read, written = pair()
    with written:
        yield SimpleNamespace(socket=read, written=written)


@contextmanager
def reading(state: SimpleNamespace, *callbacks: Callable[[bytes], None]) -> Iterator[Reader]:
    """A reader at work, which has ended afterwards."""
    reader = Reader(state)
    reader.start()
    for callback in callbacks:
        reader.register(callback)
    reader.resume(force=True)
    yield reader
    reader.stop()
    reader.join(PATIENCE)
    assert not reader.is_alive()
    state.socket.close()


def test_another_socket_is_read_at_once(state: SimpleNamespace) -> None:
    packets: SimpleQueue[bytes] = SimpleQueue()
    with reading(state, packets.put) as reader, state.socket:
        state.written.send(b"first")
        assert packets.get(timeout=PATIENCE) == b"first"
        # The former one is open still, and nobody sends to it: only the reader itself can go over.
        state.socket, another = pair()
        with another:
            reader.wake()
            another.send(b"second")
            assert packets.get(timeout=PATIENCE) == b"second"


def test_it_outlives_a_closed_socket_and_a_callback_that_fails(state: SimpleNamespace) -> None:
    packets: SimpleQueue[bytes] = SimpleQueue()

    def fails(packet: bytes) -> None:
        raise IndexError(packet)

    with reading(state, fails, packets.put) as reader:
        state.written.send(b"")
        assert packets.get(timeout=PATIENCE) == b""
        state.socket.close()
        state.socket, another = pair()
        with another:
            reader.wake()
            another.send(b"again")
            assert packets.get(timeout=PATIENCE) == b"again"
