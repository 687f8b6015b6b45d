"""The thread that reads what Discord sends, on sockets of its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
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


def test_another_socket_is_read_at_once(state: SimpleNamespace) -> None:
    packets: SimpleQueue[bytes] = SimpleQueue()
    reader = Reader(state)
    reader.start()
    reader.register(packets.put)
    reader.resume(force=True)
    former = state.socket
    state.written.send(b"first")
    assert packets.get(timeout=PATIENCE) == b"first"
    with former, state.written:
        # The former one is open still, and nobody sends to it: only the reader itself can go over.
        state.socket, another = pair()
        reader.wake()
        another.send(b"second")
        assert packets.get(timeout=PATIENCE) == b"second"
        reader.stop()
        reader.join(PATIENCE)
    assert not reader.is_alive()
    another.close()
    state.socket.close()


def test_it_outlives_a_closed_socket_and_a_callback_that_fails(state: SimpleNamespace) -> None:
    packets: SimpleQueue[bytes] = SimpleQueue()

    def fails(packet: bytes) -> None:
        raise IndexError(packet)

    reader = Reader(state)
    reader.start()
    reader.register(fails)
    reader.register(packets.put)
    reader.resume(force=True)
    state.written.send(b"")
    assert packets.get(timeout=PATIENCE) == b""
    state.socket.close()
    state.socket, another = pair()
    with another, state.socket:
        reader.wake()
        another.send(b"again")
        assert packets.get(timeout=PATIENCE) == b"again"
        reader.stop()
        reader.join(PATIENCE)
    assert not reader.is_alive()
