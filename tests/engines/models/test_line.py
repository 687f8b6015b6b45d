"""A download that is cancelled ends at once, wherever it stands: connecting, in a handshake, or before an answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from engines.models import line
from engines.models.transport import Transport
from stts.cancellation import Cancellation, Cancelled
from tests.patient import PATIENCE

pytestmark = pytest.mark.socket


@contextmanager
def listening(backlog: int = 5) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as server:
        server.settimeout(PATIENCE)
        yield server


def url(server: socket.socket, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{server.getsockname()[1]}/"


class Fetch:
    """A request in a thread of its own, which waits for ever unless it is cancelled."""

    def __init__(self, address: str) -> None:
        self.cancellation = Cancellation()
        self.end: BaseException | None = None
        self._transport = Transport(cancellation=self.cancellation, silence_seconds=600.0, head_seconds=600.0)
        self._thread = threading.Thread(target=self._run, args=(address,), daemon=True)
        self._thread.start()

    def _run(self, address: str) -> None:
        try:
            self._transport.page(address, {}, 1000)
        except BaseException as end:  # noqa: BLE001 - whatever it is, the test looks at it
            self.end = end

    def cancel(self) -> None:
        """Asserts that it ends, as cancelled."""
        self.cancellation.cancel()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        assert isinstance(self.end, Cancelled)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_cancel_ends_the_wait_for_a_server_that_says_nothing(scheme: str) -> None:
    with listening() as server:
        fetch = Fetch(url(server, scheme))
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1), "the request, or the greeting of TLS"
            fetch.cancel()


def test_a_cancel_ends_the_wait_for_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    connecting, real = threading.Event(), line._await

    def waiting(made: socket.socket, timeout: float | None) -> None:
        connecting.set()
        real(made, timeout)

    with listening(backlog=0) as server, ExitStack() as crowd:
        _fill(server, crowd)
        monkeypatch.setattr(line, "_await", waiting)
        fetch = Fetch(url(server))
        assert connecting.wait(PATIENCE)
        fetch.cancel()


def _fill(server: socket.socket, crowd: ExitStack) -> None:
    """Connects until the server's queue is full, and the next waits."""
    for _ in range(20):
        guest = crowd.enter_context(socket.socket())
        guest.settimeout(0.2)
        try:
            guest.connect(server.getsockname())
        except TimeoutError:
            return
    pytest.skip("this system takes connections beyond the queue")


def test_a_cancel_before_the_connection_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the name of the host is looked up."""
    asked, gate, real = threading.Event(), threading.Event(), socket.getaddrinfo

    def look_up(*values: object) -> object:
        asked.set()
        gate.wait(PATIENCE)
        return real(*values)  # type: ignore[arg-type]

    with listening() as server:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        fetch = Fetch(url(server))
        assert asked.wait(PATIENCE)
        fetch.cancellation.cancel()
        gate.set()
        fetch.cancel()


def test_an_answer_without_a_length_that_is_cut_off_by_a_cancel_is_no_answer() -> None:
    with listening() as server:
        fetch = Fetch(url(server))
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\npart")
            fetch.cancel()


def test_a_connection_is_closed_when_its_request_has_ended() -> None:
    seen: list[bytes] = []

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        connection.settimeout(PATIENCE)
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            seen.append(connection.recv(1))

    with listening() as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        assert Transport().page(url(server), {}, 1000).body == b"ok"
        thread.join(PATIENCE)
    assert seen == [b""]


def test_an_address_that_refuses_leads_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as server, socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        places = [refusing.getsockname(), server.getsockname()]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
        mine = line.Line()
        with mine.held(), mine.connect(("two.invalid", 80), PATIENCE) as made:
            assert made.getpeername() == server.getsockname()
